import { type ConstDirectiveNode, type DocumentNode, type FieldDefinitionNode, Kind } from 'graphql';
import { joinConditions } from '../admitted-callers.ts';
import { findDependencies } from '../check/dependency-faults.ts';
import type { Condition } from '../conditions.ts';
import { interfaceConditionsOf } from '../interface-rules.ts';
import { conditionsOf, isByDefault, nameOfType, type RuleBook } from '../rule-book.ts';
import { readElementNames } from './element-names.ts';
import { withSubgraphDirectives } from './subgraph-directives.ts';

/** A field of an object type that clients can name. */
export type GraphField = {
  coordinate: string;
  type: string;
  /** The name of what it returns, without lists. */
  returns: string;
  /** Undefined for a field without a rule, which is refused to everybody. */
  conditions: readonly Condition[] | undefined;
  /** The schema has no rule there: the conditions are those of the default. */
  isDefault: boolean;
  line: number | undefined;
};

/** A supergraph as clients see it: what leads where, and by which rule. */
export type AccessGraph = {
  roots: readonly string[];
  /** Fields by object type. */
  types: ReadonlyMap<string, ReadonlyMap<string, GraphField>>;
  /** Object types behind each interface and union. */
  members: ReadonlyMap<string, ReadonlySet<string>>;
  /** Fields of interfaces. Their conditions are those that no implementation has (`interfaceConditionsOf`), often none. */
  interfaceFields: readonly GraphField[];
  reads: readonly FieldRead[];
};

/**
 * A field that is computed from another one. Routers fetch what it reads without asking for the rule there. `conditions` are those
 * of the field that is read, which may be inaccessible to clients.
 */
export type FieldRead = {
  reader: string;
  read: string;
  directive: string;
  conditions: readonly Condition[] | undefined;
};

/**
 * Reads what clients see of a supergraph: without the types of specifications (`join__…`) and what is inaccessible.
 *
 * @param supergraph with rules under their own names (`normalizeRuleNames`)
 * @param book its rules, with the default for fields without one
 */
export function readAccessGraph(supergraph: DocumentNode, book: RuleBook): AccessGraph {
  const { isHidden, isOfSpecification } = readElementNames(supergraph);
  const types = new Map<string, Map<string, GraphField>>();
  const members = new Map<string, Set<string>>();
  const interfaceFields: GraphField[] = [];
  const hidden = new Set<string>();
  const add = (abstract: string, type: string) =>
    members.set(abstract, (members.get(abstract) ?? new Set()).add(type));
  for (const node of supergraph.definitions) {
    if (!('name' in node) || !node.name || isOfSpecification(node.name.value)) continue;
    const name = node.name.value;
    if (isHidden((node as { directives?: readonly ConstDirectiveNode[] }).directives)) hidden.add(name);
    if (node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.OBJECT_TYPE_EXTENSION) {
      const fields = types.get(name) ?? new Map<string, GraphField>();
      for (const field of node.fields ?? []) {
        if (isHidden(field.directives)) continue;
        const conditions = conditionsOf(book, name, field.name.value);
        fields.set(field.name.value, readField(book, name, field, conditions));
      }
      types.set(name, fields);
      for (const abstract of node.interfaces ?? []) add(abstract.name.value, name);
    }
    if (node.kind === Kind.INTERFACE_TYPE_DEFINITION || node.kind === Kind.INTERFACE_TYPE_EXTENSION) {
      for (const field of node.fields ?? []) {
        if (isHidden(field.directives)) continue;
        const conditions = interfaceConditionsOf(book, name, field.name.value);
        interfaceFields.push(readField(book, name, field, conditions));
      }
    }
    if (node.kind === Kind.UNION_TYPE_DEFINITION || node.kind === Kind.UNION_TYPE_EXTENSION) {
      for (const member of node.types ?? []) add(name, member.name.value);
    }
  }
  for (const name of hidden) {
    types.delete(name);
    members.delete(name);
    for (const behind of members.values()) behind.delete(name);
  }
  const roots = readRoots(supergraph).filter((name) => types.has(name));
  const reads = readReads(supergraph, book);
  return {
    roots,
    types,
    members,
    interfaceFields: interfaceFields.filter(({ type }) => !hidden.has(type)),
    reads,
  };
}

function readReads(supergraph: DocumentNode, book: RuleBook): FieldRead[] {
  const sdl = withSubgraphDirectives(supergraph);
  if (sdl === undefined) return [];
  return findDependencies([{ name: '', sdl }])
    .filter(({ directive }) => directive !== 'provides') // Of what it provides, a client gets what it selects.
    .map(({ type, field, directive, read }) => {
      const [readType = '', readField = ''] = read.split('.');
      return {
        reader: `${type}.${field}`,
        read,
        directive,
        conditions: conditionsOf(book, readType, readField),
      };
    });
}

function readField(
  book: RuleBook,
  type: string,
  field: FieldDefinitionNode,
  conditions: readonly Condition[] | undefined,
): GraphField {
  const name = field.name.value;
  return {
    coordinate: `${type}.${name}`,
    type,
    returns: nameOfType(field.type),
    conditions: withRuleOfType(book, conditions, nameOfType(field.type)),
    isDefault: isByDefault(book, type, name),
    line: field.loc?.startToken.line,
  };
}

/**
 * The rule of an object type holds for each field with such an object too: whether there is one is a part of it. So does what an
 * interface asks for beyond its implementations.
 */
function withRuleOfType(
  book: RuleBook,
  conditions: readonly Condition[] | undefined,
  name: string,
): readonly Condition[] | undefined {
  const type = book.get(name);
  if (conditions === undefined || type === undefined) return conditions;
  const all = joinConditions(
    conditions,
    type.isInterface ? interfaceConditionsOf(book, name) : type.conditions,
  );
  return [...new Map(all.map((condition) => [JSON.stringify(condition), condition])).values()];
}

/** The root types that the schema names, or those of their usual names. */
function readRoots({ definitions }: DocumentNode): string[] {
  const named = definitions.flatMap((node) =>
    node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION
      ? (node.operationTypes ?? []).map(({ type }) => type.name.value)
      : [],
  );
  return named.length > 0 ? named : ['Query', 'Mutation', 'Subscription'];
}

/** Every type that a client gets to when it may have everything. */
export function findReachableTypes({ roots, types, members }: AccessGraph): ReadonlySet<string> {
  const reached = new Set<string>();
  const open = [...roots];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    open.push(...(members.get(name) ?? []));
    for (const { returns } of types.get(name)?.values() ?? []) open.push(returns);
  }
  return reached;
}
