import {
  type ConstArgumentNode,
  type ConstDirectiveNode,
  type ConstValueNode,
  type DirectiveDefinitionNode,
  type DocumentNode,
  type EnumTypeDefinitionNode,
  Kind,
  type NamedTypeNode,
  type ScalarTypeDefinitionNode,
  visit,
} from 'graphql';
import { ruleDirectives } from '../rule-book.ts';
import { nameInSchema, readLink, readSpecLinks, type SpecLink } from './spec-links.ts';

/** The specifications whose directives are rules, with the rules of each version that this code knows. */
const ruleSpecifications: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'https://specs.apollo.dev/authenticated': { 'v0.1': ['authenticated'] },
  'https://specs.apollo.dev/requiresScopes': { 'v0.1': ['requiresScopes'] },
  'https://specs.apollo.dev/policy': { 'v0.1': ['policy'] },
  'https://specs.signet.dev/access': {
    'v1.0': ['platform', 'public'],
    'v1.1': ['platform', 'public', 'recentAuth'],
    'v1.2': ['callers', 'platform', 'public', 'recentAuth'],
  },
};
/** Rules that let more callers in. Without a link they are none. */
const opening = ['public', 'callers'];
/** Specifications marked `for: SECURITY` that hold no rule about callers. */
const knownSecurity = ['https://specs.apollo.dev/inaccessible'];

/** What is wrong in a supergraph. `line` counts from 1, and is undefined where the document has no locations. */
export type SupergraphFault = { line: number | undefined; coordinate: string; fault: string };

/** A supergraph whose rules cannot be told. The message names all faults, a line each. */
export class RuleNameError extends Error {
  override readonly name = 'RuleNameError';
  readonly faults: readonly SupergraphFault[];
  constructor(faults: readonly SupergraphFault[]) {
    super(faults.map(({ line, fault }) => (line ? `line ${line}: ${fault}` : fault)).join('\n'));
    this.faults = faults;
  }
}

/**
 * Gives each rule of a composed supergraph its own name: `@link(import: [{ name: "@authenticated", as: "@login" }])` makes
 * `@login` a rule. A directive that has the name of a rule and comes from another specification is no rule, and is left out. So is a
 * `@public` or `@callers` that no link names, since it would open a field; other rules without a link stay, since they only close one.
 *
 * @throws {RuleNameError} for a version that is not known, for an unknown specification that is marked `for: SECURITY`, and for one
 * name that means two rules.
 */
export function normalizeRuleNames(supergraph: DocumentNode): DocumentNode {
  const { ruleOf, prefixes, faults } = readRuleNames(supergraph);
  if (faults.length > 0) throw new RuleNameError(faults);
  const nameOf = (name: string) => ruleOf(name) ?? (isRule(name) ? undefined : name);
  const hasOwnNames = supergraph.definitions.every(
    (node) => node.kind !== Kind.DIRECTIVE_DEFINITION || nameOf(node.name.value) === node.name.value,
  );
  if (hasOwnNames && prefixes.size === 0) return supergraph;
  const rename = <N extends ConstDirectiveNode | DirectiveDefinitionNode>(node: N): N | null => {
    const name = nameOf(node.name.value);
    return name === undefined ? null : { ...node, name: { ...node.name, value: name } };
  };
  /** A scalar or enum of a specification: `rs__Scope`, where `rs` is the prefix of requiresScopes. */
  const renameType = <N extends NamedTypeNode | ScalarTypeDefinitionNode | EnumTypeDefinitionNode>(
    node: N,
  ) => {
    const [, prefix = '', name = ''] = /^(.*?)__(.*)$/.exec(node.name.value) ?? [];
    const own = prefixes.get(prefix);
    return own === undefined ? undefined : { ...node, name: { ...node.name, value: `${own}__${name}` } };
  };
  return visit(supergraph, {
    // On leaving, since a node that is replaced on entering is entered again.
    DirectiveDefinition: { leave: rename },
    Directive: { leave: (node) => rename(withOwnNames(node as ConstDirectiveNode)) },
    NamedType: { leave: renameType },
    ScalarTypeDefinition: { leave: renameType },
    EnumTypeDefinition: { leave: renameType },
  });
}

/** The link of a rule, importing every directive under its own name. Any other directive as it is. */
function withOwnNames(directive: ConstDirectiveNode): ConstDirectiveNode {
  const [link] = readLink(directive);
  if (!link || !findSpecification(link)) return directive;
  const args = (directive.arguments ?? []).filter(
    ({ name }) => name.value !== 'as' && name.value !== 'import',
  );
  const names = link.imports.map(({ name }): ConstValueNode => ({ kind: Kind.STRING, value: name }));
  const list: ConstArgumentNode = {
    kind: Kind.ARGUMENT,
    name: { kind: Kind.NAME, value: 'import' },
    value: { kind: Kind.LIST, values: names },
  };
  return { ...directive, arguments: names.length > 0 ? [...args, list] : args };
}

/** What the links of a supergraph say about the names of rules. */
export type RuleNames = {
  /** The rule that a directive's name means, or undefined. */
  ruleOf(name: string): string | undefined;
  /** Whether a link gives this name to something. */
  isLinked(name: string): boolean;
  /** By prefix, where a specification of rules has another one than its own name. */
  prefixes: ReadonlyMap<string, string>;
  faults: readonly SupergraphFault[];
};

/** Reads the links of a supergraph. */
export function readRuleNames(supergraph: DocumentNode): RuleNames {
  const links = readSpecLinks(supergraph);
  const names = new Map<string, string | undefined>();
  const faults = links.flatMap(faultsOf);
  for (const link of links) {
    for (const [name, rule] of namesOf(link)) {
      if (names.has(name) && names.get(name) !== rule) {
        faults.push({ line: link.line, coordinate: 'schema', fault: `two links give @${name} two meanings` });
      }
      names.set(name, rule);
    }
  }
  const renamed = links.filter((link) => findSpecification(link) && link.prefix !== link.name);
  return {
    ruleOf: (name) =>
      names.has(name) ? names.get(name) : isRule(name) && !opening.includes(name) ? name : undefined,
    isLinked: (name) => names.has(name),
    prefixes: new Map(renamed.map(({ prefix, name }) => [prefix, name])),
    faults,
  };
}

/** The names that a link gives to rules, and the names that it gives to something else. */
function namesOf(link: SpecLink): [name: string, rule: string | undefined][] {
  const rules = rulesOf(link) ?? [];
  const others = link.imports
    .filter(({ name }) => name.startsWith('@') && !rules.includes(name.slice(1)))
    .map(({ as }): [string, undefined] => [as.slice(1), undefined]);
  const own = rules.map((rule): [string, string] => [nameInSchema(link, rule), rule]);
  return rules.length === 0 ? [[link.prefix, undefined], ...others] : [...own, ...others];
}

function faultsOf(link: SpecLink): SupergraphFault[] {
  const { identity, version, purpose, line } = link;
  const known = findSpecification(link);
  const at = { line, coordinate: 'schema' };
  if (known && !rulesOf(link)) {
    const versions = Object.keys(known).join(' and ');
    const fault = `links ${identity}/${version}, and only ${versions} of this specification is known`;
    return [{ ...at, fault }];
  }
  const missing =
    known &&
    link.imports.find(({ name }) => isRule(name.slice(1)) && !rulesOf(link)?.includes(name.slice(1)));
  if (missing) {
    return [{ ...at, fault: `imports ${missing.name} of ${identity}/${version}, which has no such rule` }];
  }
  if (!known && purpose === 'SECURITY' && !knownSecurity.includes(identity)) {
    const fault = `links ${identity} for: SECURITY, which is not known here: nobody can say whom it keeps out`;
    return [{ ...at, fault }];
  }
  return [];
}

function findSpecification({ identity }: SpecLink) {
  return Object.hasOwn(ruleSpecifications, identity) ? ruleSpecifications[identity] : undefined;
}

/** The rules of a linked specification. Undefined for another specification, and for a version that is not known. */
function rulesOf(link: SpecLink): readonly string[] | undefined {
  const versions = findSpecification(link);
  return versions && Object.hasOwn(versions, link.version) ? versions[link.version] : undefined;
}

function isRule(name: string): boolean {
  return (ruleDirectives as readonly string[]).includes(name);
}
