import { type ConstDirectiveNode, type ConstObjectValueNode, type ConstValueNode, Kind } from 'graphql';
import { ruleDirectives } from '../rule-book.ts';
import type { AccessFault, ReadSubgraph } from './rule-faults.ts';

/** Specifications whose directives are rules, and the specification of links, which names them. */
const watchedSpecifications = /\/(federation|access|authenticated|requiresScopes|policy|link)\/v\d/;
/** Directives that the checks read beside the rules. */
const readDirectives = ['key', 'requires', 'provides', 'context', 'fromContext'];
const watchedNames: readonly string[] = [...ruleDirectives, ...readDirectives].map((name) => `@${name}`);

/**
 * Rules under another name, which would not be read as rules: `@link(import: [{ name: "@policy", as: "@p" }])`, a whole
 * specification under another prefix, or a rule that is not imported and therefore has its prefix.
 */
export function findImportFaults({ name: subgraph, sdl }: ReadSubgraph): AccessFault[] {
  const links = sdl.definitions.flatMap((node) =>
    node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION
      ? (node.directives ?? []).filter(isLink)
      : [],
  );
  const imported = new Set(links.flatMap(importItems).map(({ as }) => as));
  const faults = [
    ...links.flatMap((link) => [...findRenamed(link), ...findRenamedSpecification(link)]),
    ...[...usedDirectives(sdl)]
      .filter((name) => watchedNames.includes(`@${withoutPrefix(name)}`) && !imported.has(`@${name}`))
      .map((name) => `uses @${name} without importing it`),
  ];
  return faults.map((fault) => ({ coordinate: 'schema', subgraph, fault }));
}

/** A directive with a `url` is a link, whatever name the specification of links was given. */
function isLink(directive: ConstDirectiveNode): boolean {
  return directive.arguments?.some(({ name }) => name.value === 'url') ?? false;
}

function findRenamed(link: ConstDirectiveNode): string[] {
  return importItems(link)
    .filter(({ name, as }) => as !== name && (watchedNames.includes(name) || watchedNames.includes(as)))
    .map(({ name, as }) => `imports ${name} as ${as}: a rule keeps its name`);
}

function findRenamedSpecification(link: ConstDirectiveNode): string[] {
  const url = textOf(argumentOf(link, 'url'));
  const as = textOf(argumentOf(link, 'as'));
  return as && watchedSpecifications.test(url) ? [`links ${url} as ${as}: rules keep their names`] : [];
}

/** `"@policy"` or `{ name: "@policy", as: "@p" }`; GraphQL lets a list of one be written without its brackets. */
function importItems(link: ConstDirectiveNode): { name: string; as: string }[] {
  const value = argumentOf(link, 'import');
  const items = value?.kind === Kind.LIST ? value.values : value ? [value] : [];
  return items.map((item) => {
    const name = item.kind === Kind.OBJECT ? fieldOf(item, 'name') : textOf(item);
    return { name, as: (item.kind === Kind.OBJECT && fieldOf(item, 'as')) || name };
  });
}

function argumentOf(directive: ConstDirectiveNode, name: string): ConstValueNode | undefined {
  return directive.arguments?.find((argument) => argument.name.value === name)?.value;
}

function fieldOf(object: ConstObjectValueNode, name: string): string {
  return textOf(object.fields.find((field) => field.name.value === name)?.value);
}

function textOf(value: ConstValueNode | undefined): string {
  return value?.kind === Kind.STRING ? value.value : '';
}

/** `federation__policy` is `policy` of a specification that was linked without an import. */
function withoutPrefix(name: string): string {
  return name.replace(/^.*__/, '');
}

function usedDirectives(sdl: ReadSubgraph['sdl']): ReadonlySet<string> {
  const owners = sdl.definitions.flatMap((node) => {
    const fields = 'fields' in node ? (node.fields ?? []) : [];
    const args = fields.flatMap((field) => ('arguments' in field ? (field.arguments ?? []) : []));
    return [node, ...fields, ...args];
  });
  return new Set(
    owners.flatMap((node) =>
      'directives' in node ? (node.directives ?? []).map(({ name }) => name.value) : [],
    ),
  );
}
