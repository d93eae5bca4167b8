import {
  type ConstDirectiveNode,
  type ConstValueNode,
  type DocumentNode,
  Kind,
  type TypeNode,
  type TypeSystemDefinitionNode,
  type TypeSystemExtensionNode,
} from 'graphql';
import {
  type CallersCondition,
  callersForm,
  joinConditions,
  personsOnly,
  readCallers,
} from './admitted-callers.ts';
import type { Condition } from './conditions.ts';
import { readPublicReach } from './public-types.ts';
import { isRecentAuthSeconds, recentAuthRange } from './recent-sign-in.ts';

/** Names of the directives that are rules. */
export const ruleDirectives = [
  'public',
  'authenticated',
  'requiresScopes',
  'policy',
  'platform',
  'callers',
  'recentAuth',
] as const;

/** What holds for a field without a rule: nobody may have it, every caller who is signed in, or everybody. */
export const defaultAccesses = ['deny', 'authenticated', 'public'] as const;
export type DefaultAccess = (typeof defaultAccesses)[number];

/** The rule on one type or one field. `isDefault`: the schema has none there, and the default stands in its place. */
type WrittenRule = { hasRule: boolean; conditions: readonly Condition[]; isDefault?: boolean };
type TypeRules = WrittenRule & {
  isInterface: boolean;
  /** It has a resolvable `@key`, so `_entities` can load it. */
  isEntity: boolean;
  /** The interfaces that it implements. */
  interfaces: readonly string[];
  fields: ReadonlyMap<string, WrittenRule>;
};

/** The rules of a schema by type name. */
export type RuleBook = ReadonlyMap<string, TypeRules>;

const noRule: WrittenRule = { hasRule: false, conditions: [] };

/**
 * Reads the rules from SDL: of a subgraph, or of the supergraph, where composition has merged the rules of the subgraphs.
 * Extensions of a type add to its rule; `@public` beside another rule adds nothing. A rule without `@callers` admits persons only. In a supergraph, `@public` on a type opens only what is
 * certainly of the same subgraph (`readPublicReach`). The rule of a scalar or an enum is that of every field with such a value, and opens none.
 */
export function readRuleBook(sdl: DocumentNode): RuleBook {
  const book = new Map<string, TypeRules>();
  const ofLeaves = readLeafRules(sdl);
  const opensByType = readPublicReach(sdl);
  for (const node of sdl.definitions) {
    if (!isFieldOwner(node)) {
      continue;
    }
    const name = node.name.value;
    const known = book.get(name);
    // In a supergraph, `@public` of the type is a rule of those fields which it opens.
    const ofType = (node.directives ?? []).filter((one) => opensByType === undefined || !isPublic(one));
    const opens = ofType.length < (node.directives ?? []).length ? opensByType : undefined;
    const fields = new Map(known?.fields ?? []);
    for (const field of node.fields ?? []) {
      const own = join(readRule(field.directives ?? []), ofLeaves.get(nameOfType(field.type)) ?? noRule);
      const rule = opens?.(name, field) ? { ...own, hasRule: true } : own;
      fields.set(field.name.value, join(fields.get(field.name.value) ?? noRule, rule));
    }
    book.set(name, {
      ...join(known ?? noRule, readRule(ofType)),
      isInterface:
        node.kind === Kind.INTERFACE_TYPE_DEFINITION || node.kind === Kind.INTERFACE_TYPE_EXTENSION,
      isEntity: (known?.isEntity ?? false) || (node.directives ?? []).some(isResolvableKey),
      interfaces: [...(known?.interfaces ?? []), ...(node.interfaces ?? []).map(({ name }) => name.value)],
      fields,
    });
  }
  return new Map(
    [...book].map(([name, rules]) => {
      const fields = [...rules.fields].map(([field, rule]) => [field, withCallers(rule)] as const);
      return [name, { ...withCallers(rules), fields: new Map(fields) }];
    }),
  );
}

/** The rule with the callers that it admits: its own `@callers`, or persons only. A rule that asks for nothing admits everybody. */
function withCallers<R extends WrittenRule>(rule: R): R {
  const { conditions } = rule;
  if (conditions.length === 0) return rule;
  const isSaid = conditions.some(({ kind }) => kind === 'callers');
  return { ...rule, conditions: isSaid ? joinConditions(conditions) : [...conditions, personsOnly] };
}

/** The rules on scalars and enums, by name. */
function readLeafRules({ definitions }: DocumentNode): ReadonlyMap<string, WrittenRule> {
  const rules = new Map<string, WrittenRule>();
  for (const node of definitions) {
    if (!leafKinds.includes(node.kind) || !('directives' in node) || !('name' in node)) continue;
    const name = node.name?.value ?? '';
    const directives = ((node.directives ?? []) as ConstDirectiveNode[]).filter((one) => !isPublic(one));
    rules.set(name, join(rules.get(name) ?? noRule, readRule(directives)));
  }
  return rules;
}

const leafKinds: readonly Kind[] = [
  Kind.SCALAR_TYPE_DEFINITION,
  Kind.SCALAR_TYPE_EXTENSION,
  Kind.ENUM_TYPE_DEFINITION,
  Kind.ENUM_TYPE_EXTENSION,
];

/** The name of a type without its lists and exclamation marks. */
export function nameOfType(type: TypeNode): string {
  let current = type;
  while (current.kind !== Kind.NAMED_TYPE) current = current.type;
  return current.name.value;
}

function isResolvableKey({ name, arguments: args }: ConstDirectiveNode): boolean {
  const resolvable = args?.find((argument) => argument.name.value === 'resolvable')?.value;
  return name.value === 'key' && !(resolvable?.kind === Kind.BOOLEAN && !resolvable.value);
}

/** All conditions of a field: its own and those of its type. Undefined for a field without a rule, which is refused to everybody. */
export function conditionsOf(book: RuleBook, type: string, field: string): readonly Condition[] | undefined {
  const rules = book.get(type);
  const own = rules?.fields.get(field) ?? noRule;
  return rules?.hasRule || own.hasRule ? joinConditions(rules?.conditions ?? [], own.conditions) : undefined;
}

/**
 * The book in which each field without a rule, its own or one of its type, has the default. What the book does not name stays
 * without a rule, and refused.
 */
export function withDefaultAccess(book: RuleBook, defaultAccess: DefaultAccess): RuleBook {
  if (defaultAccess === 'deny') return book;
  const conditions: readonly Condition[] =
    defaultAccess === 'public' ? [] : [{ kind: 'authenticated' }, personsOnly];
  const byDefault: WrittenRule = { hasRule: true, conditions, isDefault: true };
  return new Map(
    [...book].map(([type, rules]) => {
      if (rules.hasRule) return [type, rules];
      const fields = [...rules.fields].map(
        ([name, rule]) => [name, rule.hasRule ? rule : byDefault] as const,
      );
      return [type, { ...rules, fields: new Map(fields) }];
    }),
  );
}

/** Whether the rule of a field is the default of `withDefaultAccess`. */
export function isByDefault(book: RuleBook, type: string, field: string): boolean {
  return book.get(type)?.fields.get(field)?.isDefault ?? false;
}

/**
 * The book whose policies the gateway decides by the caller's token, for subgraphs that enforce none. Without this, a policy is left
 * to the subgraph that has a function for it.
 */
export function withPoliciesByToken(book: RuleBook): RuleBook {
  const decide = <T extends WrittenRule>(rule: T): T => ({
    ...rule,
    conditions: rule.conditions.map((one) =>
      one.kind === 'policies' ? { ...one, decidedBy: 'token' as const } : one,
    ),
  });
  return new Map(
    [...book].map(([type, rules]) => {
      const fields = [...rules.fields].map(([name, rule]) => [name, decide(rule)] as const);
      return [type, { ...decide(rules), fields: new Map(fields) }];
    }),
  );
}

function join(a: WrittenRule, b: WrittenRule): WrittenRule {
  return { hasRule: a.hasRule || b.hasRule, conditions: [...a.conditions, ...b.conditions] };
}

function isPublic({ name }: ConstDirectiveNode): boolean {
  return name.value === 'public';
}

function readRule(directives: readonly ConstDirectiveNode[]): WrittenRule {
  const rules = directives.filter(({ name }) => (ruleDirectives as readonly string[]).includes(name.value));
  return { hasRule: rules.length > 0, conditions: rules.flatMap(readCondition) };
}

function readCondition(directive: ConstDirectiveNode): Condition[] {
  const argument = (name: string) => directive.arguments?.find((node) => node.name.value === name)?.value;
  switch (directive.name.value) {
    case 'authenticated':
      return [{ kind: 'authenticated' }];
    case 'platform':
      return [{ kind: 'platform', is: readPlatform(argument('is')) }];
    case 'callers':
      return [{ kind: 'callers', are: getCallers(argument('are')) }];
    case 'requiresScopes':
      return [{ kind: 'scopes', anyOf: readAlternatives(argument('scopes')) }];
    case 'policy':
      return [{ kind: 'policies', anyOf: readAlternatives(argument('policies')) }];
    case 'recentAuth':
      return [{ kind: 'recentAuth', seconds: readSeconds(argument('seconds')) }];
    default:
      return [];
  }
}

function readPlatform(value: ConstValueNode | undefined): 'user' | 'portal' {
  const name = value?.kind === Kind.ENUM ? value.value : undefined;
  if (name !== 'USER' && name !== 'PORTAL') {
    throw new Error(`@platform(is:) must be USER or PORTAL, not ${name}`);
  }
  return name === 'USER' ? 'user' : 'portal';
}

function getCallers(value: ConstValueNode | undefined): CallersCondition['are'] {
  const are = readCallers(value);
  if (are === undefined) throw new Error(`@callers(are:) must be ${callersForm}`);
  return are;
}

function readSeconds(value: ConstValueNode | undefined): number {
  const seconds = secondsOf(value);
  if (seconds === undefined) {
    const written = value && 'value' in value ? value.value : 'nothing';
    throw new Error(`@recentAuth(seconds:) must be ${recentAuthRange}, not ${written}`);
  }
  return seconds;
}

/** The number of `@recentAuth(seconds:)`. Undefined for what may not stand there. */
export function secondsOf(value: ConstValueNode | undefined): number | undefined {
  const seconds = value?.kind === Kind.INT ? Number(value.value) : Number.NaN;
  return isRecentAuthSeconds(seconds) ? seconds : undefined;
}

/** `[["a", "b"], ["c"]]`; GraphQL lets a list of one be written without its brackets. */
function readAlternatives(value: ConstValueNode | undefined): string[][] {
  return itemsOf(value).map((inner) =>
    itemsOf(inner).map((item) => (item.kind === Kind.STRING ? item.value : '')),
  );
}

function itemsOf(value: ConstValueNode | undefined): readonly ConstValueNode[] {
  if (value === undefined) {
    return [];
  }
  return value.kind === Kind.LIST ? value.values : [value];
}

function isFieldOwner(
  node: DocumentNode['definitions'][number],
): node is Extract<
  TypeSystemDefinitionNode | TypeSystemExtensionNode,
  { kind: `${'Object' | 'Interface'}Type${'Definition' | 'Extension'}` }
> {
  return (
    node.kind === Kind.OBJECT_TYPE_DEFINITION ||
    node.kind === Kind.OBJECT_TYPE_EXTENSION ||
    node.kind === Kind.INTERFACE_TYPE_DEFINITION ||
    node.kind === Kind.INTERFACE_TYPE_EXTENSION
  );
}

/** The rules of all subgraphs together: each of them holds. */
export function mergeBooks(books: readonly RuleBook[]): RuleBook {
  const merged = new Map<string, ReturnType<RuleBook['get']> & object>();
  for (const [type, rules] of books.flatMap((book) => [...book])) {
    const known = merged.get(type);
    const fields = new Map(known?.fields ?? []);
    for (const [field, rule] of rules.fields) {
      const other = fields.get(field);
      fields.set(field, {
        hasRule: rule.hasRule || (other?.hasRule ?? false),
        conditions: [...(other?.conditions ?? []), ...rule.conditions],
      });
    }
    merged.set(type, {
      hasRule: rules.hasRule || (known?.hasRule ?? false),
      conditions: [...(known?.conditions ?? []), ...rules.conditions],
      isInterface: rules.isInterface,
      isEntity: rules.isEntity,
      interfaces: [...(known?.interfaces ?? []), ...rules.interfaces],
      fields,
    });
  }
  return merged;
}
