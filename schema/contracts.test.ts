import { parse, visit } from 'graphql';
import { describe, expect, it } from 'vitest';
import {
  coordinatesOf,
  descriptionsOf,
  reachableCoordinates,
  readApiSchema,
} from './api-schema.test-support.ts';
import { scopes, userScopes } from './contract/index.ts';
import { readSubgraphSdl } from './sdl.ts';
import { subgraphs } from './subgraphs.ts';
import { composeSupergraph } from './supergraphs.ts';

/** What the subgraphs' SDL keeps to one platform, by `@platform` or `@tag`, on a type or a member of it. */
function readMarked(platform: 'user' | 'portal'): Set<string> {
  const marked = new Set<string>();
  const mark = new RegExp(`@platform\\(is: ${platform.toUpperCase()}\\)|@tag\\(name: "${platform}"\\)`);
  for (const { name } of subgraphs) {
    let owner = '';
    visit(parse(readSubgraphSdl(name)), {
      enter(node) {
        if (!('name' in node) || !node.name || !('directives' in node)) return;
        const isMember =
          node.kind === 'FieldDefinition' ||
          node.kind === 'EnumValueDefinition' ||
          (node.kind === 'InputValueDefinition' && owner !== '');
        if (!isMember && !/Type(Definition|Extension)$/.test(node.kind)) return;
        if (!isMember) owner = node.name.value;
        const texts = (node.directives ?? []).map(({ name: { value }, arguments: args = [] }) => {
          const [argument] = args;
          if (!argument) return `@${value}`;
          const text = 'value' in argument.value ? String(argument.value.value) : '';
          return `@${value}(${argument.name.value}: ${argument.value.kind === 'StringValue' ? JSON.stringify(text) : text})`;
        });
        if (texts.some((text) => mark.test(text))) {
          marked.add(isMember ? `${owner}.${node.name.value}` : owner);
        }
      },
    });
  }
  return marked;
}

const graph = readApiSchema(composeSupergraph('graph'));

describe.each([
  ['user', 'portal'],
  ['portal', 'user'],
] as const)('the schema of the entrance %s', (variant, other) => {
  const supergraph = composeSupergraph(variant);
  const api = readApiSchema(supergraph);
  const seen = coordinatesOf(api);
  const hidden = readMarked(other);

  it(`holds no type and no member that is for ${other} only`, () => {
    expect(hidden.size).toBeGreaterThan(8);
    const shown = [...seen].filter((name) => hidden.has(name) || hidden.has(name.replace(/\..*/, '')));
    expect(shown).toEqual([]);
    // They are what the test says: all of it is there at the entrance for both.
    const all = coordinatesOf(graph);
    expect([...hidden].filter((name) => !all.has(name))).toEqual([]);
  });

  it('holds everything else that a client reaches, and nothing beyond', () => {
    const scalars = ['String', 'Boolean', 'Int', 'Float', 'ID'];
    const expected = [...reachableCoordinates(graph, hidden)].filter((name) => !scalars.includes(name));
    expect([...seen].filter((name) => !scalars.includes(name)).sort()).toEqual(expected.sort());
    expect(seen.has('Query.me')).toBe(variant === 'user');
    expect(seen.has('Query.portalMe')).toBe(variant === 'portal');
  });

  it('holds nothing of the rules and of federation', () => {
    const text = [...seen, ...api.getDirectives().map(({ name }) => name)].join(' ');
    expect(text).not.toMatch(
      /__|\b(platform|public|authenticated|policy|requiresScopes|tag|inaccessible)\b/i,
    );
  });

  it('keeps the standard rules in the committed text, for other routers', () => {
    for (const name of ['authenticated', 'requiresScopes', 'policy']) {
      expect(supergraph).toMatch(
        new RegExp(`@link\\(url: "https://specs.apollo.dev/${name}/v[\\d.]+", for: SECURITY\\)`),
      );
    }
    expect(supergraph).toMatch(/@platform\(is: (USER|PORTAL)\)/);
  });
});

it('the entrance user tells customers nothing of staff, nor of what only staff may', () => {
  const api = readApiSchema(composeSupergraph('user'));
  const hiddenFields = [...readMarked('portal')]
    .map((name) => name.split('.')[1])
    .filter((name) => name !== undefined);
  const words = ['staff', 'portal', 'admin', ...scopes.filter((scope) => !userScopes.includes(scope))];
  const telling = descriptionsOf(api).filter(
    ([, text]) =>
      words.some((word) => text.toLowerCase().includes(word)) ||
      hiddenFields.some((field) => text.includes(`\`${field}\``)),
  );
  expect(telling).toEqual([]);
  expect(descriptionsOf(graph).filter(([, text]) => text.includes('staff')).length).toBeGreaterThan(5);
});
