import { type ConstDirectiveNode, type ConstObjectValueNode, Kind } from 'graphql';
import { ruleDirectives } from '../rule-book.ts';
import type { AccessFault } from './find-access-faults.ts';
import type { ReadSubgraph } from './missing-rules.ts';

/** Specifications whose directives are rules. */
const ruleSpecifications = /\/(federation|access|authenticated|requiresScopes|policy)\/v\d/;

/**
 * A rule imported under another name would not be read as a rule: `@link(import: [{ name: "@policy", as: "@p" }])`, the
 * whole specification under another prefix, or a rule that is not imported and so bears its prefix.
 */
export function findImportFaults({ name: subgraph, sdl }: ReadSubgraph): AccessFault[] {
  const links = sdl.definitions.flatMap((node) =>
    node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION
      ? (node.directives ?? []).filter((directive) => directive.name.value === 'link')
      : [],
  );
  const faults = links.flatMap((link) => [...findRenamedRules(link), ...findRenamedSpecification(link)]);
  const imported = new Set(links.flatMap(importsOf));
  const used =
    links.length > 0 ? ruleDirectives.filter((rule) => isUsed(sdl, rule) && !imported.has(`@${rule}`)) : [];
  return [...faults, ...used.map((rule) => `uses @${rule} without importing it`)].map((fault) => ({
    coordinate: 'schema',
    subgraph,
    fault,
  }));
}

function findRenamedRules(link: ConstDirectiveNode): string[] {
  return renamesOf(link)
    .filter(({ name }) => (ruleDirectives as readonly string[]).includes(name.replace(/^@/, '')))
    .map(({ name, as }) => `imports ${name} as ${as}: a rule keeps its name`);
}

function findRenamedSpecification(link: ConstDirectiveNode): string[] {
  const url = stringOf(link, 'url');
  const as = stringOf(link, 'as');
  return url && as && ruleSpecifications.test(url) ? [`links ${url} as ${as}: rules keep their names`] : [];
}

function renamesOf(link: ConstDirectiveNode): { name: string; as: string }[] {
  return importItems(link)
    .filter((item) => item.kind === Kind.OBJECT)
    .map((item) => ({ name: fieldOf(item, 'name'), as: fieldOf(item, 'as') }))
    .filter(({ name, as }) => as !== '' && as !== name);
}

function importsOf(link: ConstDirectiveNode): string[] {
  return importItems(link).map((item) =>
    item.kind === Kind.STRING
      ? item.value
      : item.kind === Kind.OBJECT
        ? fieldOf(item, 'as') || fieldOf(item, 'name')
        : '',
  );
}

function importItems(link: ConstDirectiveNode) {
  const value = link.arguments?.find((argument) => argument.name.value === 'import')?.value;
  return value?.kind === Kind.LIST ? value.values : [];
}

function stringOf(link: ConstDirectiveNode, name: string): string | undefined {
  const value = link.arguments?.find((argument) => argument.name.value === name)?.value;
  return value?.kind === Kind.STRING ? value.value : undefined;
}

function fieldOf(object: ConstObjectValueNode, name: string): string {
  const value = object.fields.find((field) => field.name.value === name)?.value;
  return value?.kind === Kind.STRING ? value.value : '';
}

function isUsed(sdl: ReadSubgraph['sdl'], rule: string): boolean {
  return sdl.definitions.some((node) => {
    const own = 'directives' in node ? (node.directives ?? []) : [];
    const onFields = 'fields' in node ? (node.fields ?? []).flatMap((field) => field.directives ?? []) : [];
    return [...own, ...onFields].some((directive) => directive.name.value === rule);
  });
}
