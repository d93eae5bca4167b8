import { customScalars } from '@signet/service';
import {
  type DocumentNode,
  defaultFieldResolver,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getArgumentValues,
  isAbstractType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isSpecifiedScalarType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  TypeNameMetaFieldDef,
  visit,
} from 'graphql';
import {
  type Complete,
  completeAbstract,
  completeLeaf,
  completeList,
  completeNonNull,
  isThere,
} from './complete-values.ts';
import { type ExecutedField, type Execution, executeFields } from './execute-fields.ts';

/** A query whose fields, types and resolvers were looked up once. */
export type CompiledQuery = {
  readonly operation: OperationDefinitionNode;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  /** How many fields were compiled, by which the cache is bounded. */
  readonly fieldCount: number;
  execute(execution: Execution): string | Promise<string>;
};

/** A field below an interface or union is compiled for each possible type, so a small document can have many. */
const maxFields = 2000;

/**
 * Compiles a query of a valid document. `execute` resolves and completes it as graphql-js does (16.15, execute.js): the same calls of resolvers
 * with the same arguments in the same order, the same errors at the same paths, the same nulls. It gives the JSON text of `data`, without an
 * object for each selection.
 *
 * @returns undefined for what graphql-js is to run: mutations, directives (`@skip`, `@include`), introspection, types with `isTypeOf`, scalars whose
 *   values are no plain text or number, and what would become larger than it is worth.
 */
export function compileQuery(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): CompiledQuery | undefined {
  const type = schema.getQueryType();
  if (operation.operation !== 'query' || !type || hasDirectives(document)) return undefined;
  const compiler = new Compiler(schema, document);
  try {
    const fields = compiler.compileFields(type, [operation.selectionSet]);
    return {
      operation,
      fragments: compiler.fragments,
      fieldCount: compiler.fieldCount,
      execute: (execution) => executeFields(execution, fields, execution.rootValue, undefined),
    };
  } catch (error) {
    if (error instanceof NotCompiled) return undefined;
    throw error;
  }
}

class NotCompiled extends Error {}

function hasDirectives(document: DocumentNode): boolean {
  let isFound = false;
  visit(document, {
    Directive() {
      isFound = true;
    },
  });
  return isFound;
}

class Compiler {
  readonly fragments: Record<string, FragmentDefinitionNode> = Object.create(null);
  fieldCount = 0;
  readonly #schema: GraphQLSchema;

  constructor(schema: GraphQLSchema, document: DocumentNode) {
    this.#schema = schema;
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.fragments[definition.name.value] = definition;
    }
  }

  compileFields(type: GraphQLObjectType, selectionSets: readonly SelectionSetNode[]): ExecutedField[] {
    if (type.isTypeOf) throw new NotCompiled();
    const byKey = new Map<string, [FieldNode, ...FieldNode[]]>();
    const visited = new Set<string>();
    for (const selectionSet of selectionSets) this.#collect(type, selectionSet, byKey, visited);
    return Array.from(byKey, ([key, nodes], index) => this.#compileField(type, key, nodes, index === 0));
  }

  /** GraphQL specification, section 6.3.2, CollectFields. */
  #collect(
    type: GraphQLObjectType,
    { selections }: SelectionSetNode,
    byKey: Map<string, [FieldNode, ...FieldNode[]]>,
    visited: Set<string>,
  ): void {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const key = (selection.alias ?? selection.name).value;
        const nodes = byKey.get(key);
        if (nodes) nodes.push(selection);
        else byKey.set(key, [selection]);
        continue;
      }
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        if (visited.has(selection.name.value)) continue;
        visited.add(selection.name.value);
      }
      const fragment =
        selection.kind === Kind.FRAGMENT_SPREAD ? this.fragments[selection.name.value] : selection;
      if (!fragment) throw new NotCompiled();
      const condition = fragment.typeCondition?.name.value;
      if (condition === undefined || this.#isOf(type, condition)) {
        this.#collect(type, fragment.selectionSet, byKey, visited);
      }
    }
  }

  #isOf(type: GraphQLObjectType, condition: string): boolean {
    const wanted = this.#schema.getType(condition);
    return wanted === type || (isAbstractType(wanted) && this.#schema.isSubType(wanted, type));
  }

  #compileField(
    parentType: GraphQLObjectType,
    key: string,
    nodes: [FieldNode, ...FieldNode[]],
    isFirst: boolean,
  ): ExecutedField {
    this.fieldCount += 1;
    if (this.fieldCount > maxFields) throw new NotCompiled();
    const [node] = nodes;
    const name = node.name.value;
    const definition = name === '__typename' ? TypeNameMetaFieldDef : parentType.getFields()[name];
    // `__schema` and `__type` are among them.
    if (!definition) throw new NotCompiled();
    return {
      key,
      before: `${isFirst ? '{' : ','}${JSON.stringify(key)}:`,
      name,
      nodes,
      parentType,
      type: definition.type,
      resolve: readResolver(definition),
      readArguments:
        definition.args.length === 0
          ? undefined
          : (variableValues) => getArgumentValues(definition, node, variableValues),
      fixedText: definition === TypeNameMetaFieldDef ? JSON.stringify(parentType.name) : undefined,
      complete: this.#compileType(definition.type, nodes),
    };
  }

  #compileType(type: GraphQLOutputType, nodes: readonly FieldNode[]): Complete {
    if (isNonNullType(type)) return completeNonNull(this.#compileType(type.ofType, nodes));
    if (isListType(type)) return completeList(type.ofType, this.#compileType(type.ofType, nodes));
    if (isLeafType(type)) return isPlain(type) ? completeLeaf(type) : refuse();
    const selectionSets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    if (isObjectType(type)) {
      const fields = this.compileFields(type, selectionSets);
      return (execution, _field, path, value) =>
        isThere(value) ? executeFields(execution, fields, value, path) : null;
    }
    const fieldsByType = new Map(
      this.#schema
        .getPossibleTypes(type)
        .map((possible) => [possible.name, this.compileFields(possible, selectionSets)] as const),
    );
    return completeAbstract(type, fieldsByType);
  }
}

function refuse(): never {
  throw new NotCompiled();
}

/** Undefined: the property of the field's name. */
function readResolver({ resolve }: GraphQLField<unknown, unknown>): ExecutedField['resolve'] {
  return resolve === defaultFieldResolver ? undefined : resolve;
}

/** Whether its values are written as a text, a number or a boolean. */
function isPlain(type: GraphQLLeafType): boolean {
  return (
    isEnumType(type) || isSpecifiedScalarType(type) || type.serialize === customScalars.DateTime?.serialize
  );
}
