import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { subgraphs } from '@signet/schema/subgraphs';
import { buildSchema, Kind, parse, visit } from 'graphql';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { passedOnHeaders } from '../../gateway/src/signer/describe-fetch.ts';
import { prepareRouterFiles } from './prepare.ts';

const read = (path: string) => readFileSync(join(import.meta.dirname, path), 'utf8');
const matchAll = (text: string, pattern: RegExp) =>
  [...text.matchAll(pattern)].map(([, found = '']) => found);

type HeaderRules = { headers: { all: { request: Record<string, unknown>[] } } };
const rulesOf = (path: string) => (parseYaml(read(path)) as HeaderRules).headers.all.request;

/** The headers that each configuration passes on, and what it puts into Signet-Signer. */
const configurations: Record<string, () => { passedOn: string[]; secret: unknown }> = {
  ...Object.fromEntries(
    ['apollo-router/router.yaml', 'apollo-router/router.licensed.yaml', 'hive-router/router.config.yaml'].map(
      (path) => [
        path,
        () => {
          const rules = rulesOf(path) as {
            propagate?: { named: string | string[] };
            insert?: { name: string; value: unknown };
          }[];
          return {
            passedOn: rules.flatMap(({ propagate }) => propagate?.named ?? []),
            secret: rules.flatMap(({ insert }) => (insert?.name === 'signet-signer' ? [insert.value] : [])),
          };
        },
      ],
    ),
  ),
  'cosmo/config.yaml'() {
    const rules = rulesOf('cosmo/config.yaml') as {
      op: string;
      named?: string;
      name?: string;
      value?: string;
    }[];
    return {
      passedOn: rules.flatMap(({ op, named }) => (op === 'propagate' && named ? [named.toLowerCase()] : [])),
      secret: rules.flatMap(({ op, name, value }) =>
        op === 'set' && name === 'Signet-Signer' ? [value] : [],
      ),
    };
  },
  'grafbase/grafbase.toml'() {
    const text = read('grafbase/grafbase.toml');
    return {
      passedOn: matchAll(text, /rule = "forward"\nname = "(.*)"/g),
      secret: matchAll(text, /rule = "insert"\nname = "signet-signer"\nvalue = "(.*)"/g),
    };
  },
  'hive-gateway/gateway.config.mjs'() {
    const text = read('hive-gateway/gateway.config.mjs');
    return {
      passedOn: matchAll(/passedOn = \[([^\]]*)\]/.exec(text)?.[1] ?? '', /'(.*?)'/g),
      secret: matchAll(text, /'signet-signer': (\w+),/g),
    };
  },
};

describe.each(Object.entries(configurations))('%s', (_path, readConfiguration) => {
  const { passedOn, secret } = readConfiguration();

  it('passes on exactly what the signer reads: no cookie, and both forwarding headers', () => {
    expect(passedOn.sort()).toEqual([...passedOnHeaders].sort());
  });

  it('puts the secret into Signet-Signer, from the environment', () => {
    expect(JSON.stringify(secret)).toMatch(/^\[.*SIGNER_SECRET.*\]$/);
  });
});

describe('what prepare.ts writes', () => {
  const files = new Map(prepareRouterFiles('http://127.0.0.1:4020/').map(({ path, text }) => [path, text]));
  const textOf = (path: string) => files.get(path) as string;

  it.each(['graph', 'user', 'portal'])(
    '%s.graphql is the committed supergraph with the URLs of the signer',
    (variant) => {
      const urls: string[] = [];
      visit(parse(textOf(`${variant}.graphql`)), {
        Directive({ name, arguments: values }) {
          if (name.value !== 'join__graph') return;
          const of = (wanted: string) => values?.find((argument) => argument.name.value === wanted)?.value;
          const [subgraph, url] = [of('name'), of('url')];
          if (subgraph?.kind === Kind.STRING && url?.kind === Kind.STRING)
            urls.push(`${subgraph.value} ${url.value}`);
        },
      });
      expect(urls.sort()).toEqual(
        subgraphs.map(({ name }) => `${name} http://127.0.0.1:4020/${name}`).sort(),
      );
      expect(textOf(`${variant}.graphql`)).toMatch(/@requiresScopes\(scopes/);
    },
  );

  it.each(['graph', 'user', 'portal'])(
    '%s.stripped.graphql has no rule for which Apollo Router wants a licence',
    (variant) => {
      const text = textOf(`${variant}.stripped.graphql`);
      expect(text).not.toMatch(
        /@(authenticated|requiresScopes|policy)|specs\.apollo\.dev\/(authenticated|requiresScopes|policy)/,
      );
      expect(() => buildSchema(text, { assumeValidSDL: true })).not.toThrow();
    },
  );

  it('leaves @policy alone out of what Cosmo composes', () => {
    for (const { name } of subgraphs) {
      const text = textOf(`cosmo/${name}.graphql`);
      expect(text).not.toContain('@policy');
      expect(text.includes('@requiresScopes(')).toBe(
        textOf(`subgraphs/${name}.graphql`).includes('@requiresScopes('),
      );
    }
    expect(
      (parseYaml(textOf('cosmo.yaml')) as { subgraphs: { routing_url: string }[] }).subgraphs.map(
        ({ routing_url: url }) => url,
      ),
    ).toEqual(subgraphs.map(({ name }) => `http://127.0.0.1:4020/${name}`));
  });
});
