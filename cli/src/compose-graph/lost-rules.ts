import { nameInSchema, normalizeRuleNames, readSpecLinks } from '@signet/access';
import { type ConstDirectiveNode, type DocumentNode, Kind, parse, print } from 'graphql';
import type { ReadSubgraph } from './read-subgraph.ts';

/** The rules of ours that a subgraph may link. */
export const accessRules: readonly string[] = ['callers', 'platform', 'public', 'recentAuth'];

/** The rules of each specification that a subgraph may link. */
const rulesOf: Readonly<Record<string, readonly string[]>> = {
  'https://specs.apollo.dev/federation': ['authenticated', 'requiresScopes', 'policy'],
  'https://specs.apollo.dev/authenticated': ['authenticated'],
  'https://specs.apollo.dev/requiresScopes': ['requiresScopes'],
  'https://specs.apollo.dev/policy': ['policy'],
  'https://specs.signet.dev/access': accessRules,
};
const allRules: readonly string[] = Object.values(rulesOf).flat();

/**
 * Finds the rules that stand in a subgraph's SDL and not in the supergraph: a composer drops a directive that it was not told to keep, and
 * says nothing.
 *
 * @param supergraph SDL. What it does not have at all, no rule is missing from
 * @returns a line for each, with subgraph, line, directive and what to do
 * @throws {RuleNameError} for a supergraph whose rules cannot be told
 */
export function findLostRules(subgraphs: readonly ReadSubgraph[], supergraph: string): string[] {
  const composed = new Map<string, Set<string>>();
  for (const { coordinate, directives } of elementsOf(normalizeRuleNames(parse(supergraph)))) {
    const rules = composed.get(coordinate) ?? new Set();
    for (const directive of directives) rules.add(keyOf(directive.name.value, directive));
    composed.set(coordinate, rules);
  }
  return subgraphs.flatMap(({ name, typeDefs }) => {
    const ruleOf = readLocalNames(typeDefs);
    return elementsOf(typeDefs).flatMap(({ coordinate, directives }) =>
      directives.flatMap((directive) => {
        const rule = ruleOf(directive.name.value);
        const kept = composed.get(coordinate);
        if (rule === undefined || !kept || kept.has(keyOf(rule, directive))) return [];
        const line = directive.loc ? `line ${directive.loc.startToken.line}: ` : '';
        const used = directive.name.value;
        return [
          `[${name}] ${line}${coordinate} has @${used}, which is not in the supergraph, so it would keep nobody out: ${adviceFor(rule, used)}`,
        ];
      }),
    );
  });
}

function adviceFor(rule: string, used: string): string {
  if (!accessRules.includes(rule)) {
    return `take away your own definition of it, and import "@${rule}" by the @link of https://specs.apollo.dev/federation/v2.9`;
  }
  const imported = used === rule ? `"@${rule}"` : `{ name: "@${rule}", as: "@${used}" }`;
  return `add to the schema @link(url: "https://specs.signet.dev/access/v1.2", import: [${imported}]) @composeDirective(name: "@${used}"), and let its link of federation 2 import "@composeDirective"`;
}

/** The rule that a directive's name means in a subgraph. A rule's own name means it, unless a link says otherwise. */
export function readLocalNames(sdl: DocumentNode): (name: string) => string | undefined {
  const names = new Map<string, string | undefined>();
  for (const link of readSpecLinks(sdl)) {
    const rules = Object.hasOwn(rulesOf, link.identity) ? (rulesOf[link.identity] ?? []) : [];
    for (const { as } of link.imports) names.set(as.replace(/^@/, ''), undefined);
    for (const rule of rules) names.set(nameInSchema(link, rule), rule);
  }
  return (name) => (names.has(name) ? names.get(name) : allRules.includes(name) ? name : undefined);
}

/** Composers merge the lists of two subgraphs, but platform, callers and seconds stay as they are. */
function keyOf(rule: string, directive: ConstDirectiveNode): string {
  return rule === 'platform' || rule === 'recentAuth' || rule === 'callers'
    ? `${rule} ${(directive.arguments ?? []).map(print).join()}`
    : rule;
}

type Element = { coordinate: string; directives: readonly ConstDirectiveNode[] };
type Named = {
  name: { value: string };
  directives?: readonly ConstDirectiveNode[] | undefined;
  fields?: readonly Named[] | undefined;
  values?: readonly Named[] | undefined;
  arguments?: readonly Named[] | undefined;
};

/** All types, fields, arguments and values, with their directives. A type stands once for each of its extensions. */
function elementsOf({ definitions }: DocumentNode): Element[] {
  const roots = new Map<string, string>();
  for (const node of definitions) {
    if (node.kind !== Kind.SCHEMA_DEFINITION && node.kind !== Kind.SCHEMA_EXTENSION) continue;
    for (const { operation, type } of node.operationTypes ?? []) {
      roots.set(type.name.value, `${operation.charAt(0).toUpperCase()}${operation.slice(1)}`);
    }
  }
  const below = (node: Named, coordinate: string): Element[] => [
    { coordinate, directives: node.directives ?? [] },
    ...[...(node.fields ?? []), ...(node.values ?? [])].flatMap((part) =>
      below(part, `${coordinate}.${part.name.value}`),
    ),
    ...(node.arguments ?? []).flatMap((part) => below(part, `${coordinate}(${part.name.value}:)`)),
  ];
  return definitions.flatMap((node) =>
    'name' in node && node.name && node.kind !== Kind.DIRECTIVE_DEFINITION
      ? below(node as Named, roots.get(node.name.value) ?? node.name.value)
      : [],
  );
}
