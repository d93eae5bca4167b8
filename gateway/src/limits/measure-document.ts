import { credentialFields } from '@signet/schema/contract';
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  type SelectionNode,
  type SelectionSetNode,
  TypeMetaFieldDef,
  type ValueNode,
  valueFromASTUntyped,
} from 'graphql';
import { type CostBook, readFieldSizes, sizeWithout } from './cost-book.ts';
import { createInputCosts } from './input-costs.ts';

/** Called for each part of the document, once for each place where it is written. */
export type DocumentObserver = {
  onDirectives(count: number): void;
  onValue(value: ValueNode): void;
  /** A field asks for this many items. */
  onPageSize(size: number): void;
};

export type MeasureOptions = DocumentObserver & {
  schema: GraphQLSchema;
  book: CostBook;
  /**
   * The operation that runs. Its variables have its own defaults, whatever other operations of the document call by the
   * same names.
   */
  operation: OperationDefinitionNode | undefined;
  variables: Readonly<Record<string, unknown>>;
};

const introspectionFields = new Map(
  [SchemaMetaFieldDef, TypeMetaFieldDef].map((field) => [field.name, field]),
);
/** The extra cost of a mutation, which locks rows and writes a log. */
const mutationCost = 10;

/**
 * Measures every operation of a document that is parsed but not validated: types, fields and fragments may not exist,
 * and fragments may form a circle (which counts once; validation refuses it). Each fragment is measured once, so that
 * the time is linear in the length of the document, whatever it would spread to.
 */
export function measureDocument(
  document: DocumentNode,
  options: MeasureOptions,
): ReadonlyMap<OperationDefinitionNode, Measures> {
  const { schema } = options;
  const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  const fragments = document.definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION);
  const meter = createMeter(fragments, options);
  for (const fragment of fragments) {
    options.onDirectives(fragment.directives?.length ?? 0);
    meter.observeArguments(fragment);
    meter.measureFragment(fragment);
  }
  return new Map(
    operations.map((operation) => {
      options.onDirectives(operation.directives?.length ?? 0);
      meter.observeArguments(operation);
      for (const definition of operation.variableDefinitions ?? []) {
        options.onDirectives(definition.directives?.length ?? 0);
        meter.observeArguments(definition);
        if (definition.defaultValue) options.onValue(definition.defaultValue);
      }
      const measures = meter.measureSet(
        operation.selectionSet,
        schema.getRootType(operation.operation) ?? undefined,
      );
      return [operation, withOpenLists(measures, nothing.openLists)];
    }),
  );
}

function createMeter(definitions: readonly FragmentDefinitionNode[], options: MeasureOptions) {
  const { schema, book } = options;
  const fragments = new Map(definitions.map((node) => [node.name.value, node]));
  const known = new Map<FragmentDefinitionNode, Measures>();
  const variableDefaults = new Map(
    (options.operation?.variableDefinitions ?? []).flatMap(({ variable, defaultValue }) =>
      defaultValue ? [[variable.name.value, defaultValue] as const] : [],
    ),
  );

  const costOfInput = createInputCosts(book, readDeclared(options));

  function measureFragment(fragment: FragmentDefinitionNode): Measures {
    const measured = known.get(fragment);
    if (measured) return measured;
    known.set(fragment, nothing);
    const measures = measureSet(fragment.selectionSet, schema.getType(fragment.typeCondition.name.value));
    known.set(fragment, measures);
    return measures;
  }

  function measureSet(set: SelectionSetNode, type: GraphQLNamedType | undefined): Measures {
    return addUp(set.selections.map((selection) => measureSelection(selection, type)));
  }

  function measureSelection(node: SelectionNode, type: GraphQLNamedType | undefined): Measures {
    options.onDirectives(node.directives?.length ?? 0);
    observeArguments(node);
    switch (node.kind) {
      case Kind.FIELD:
        return measureField(node, type);
      case Kind.FRAGMENT_SPREAD: {
        const fragment = fragments.get(node.name.value);
        return countSpread(fragment ? measureFragment(fragment) : nothing);
      }
      case Kind.INLINE_FRAGMENT: {
        const condition = node.typeCondition?.name.value;
        return countSpread(
          measureSet(node.selectionSet, condition === undefined ? type : schema.getType(condition)),
        );
      }
    }
  }

  function measureField(node: FieldNode, parent: GraphQLNamedType | undefined): Measures {
    const name = node.name.value;
    for (const { value } of node.arguments ?? []) options.onValue(value);
    const field = findField(parent, name);
    const type = field && getNamedType(field.type);
    const coordinate = `${parent?.name}.${name}`;
    const sizes = field
      ? readFieldSizes(coordinate, node, field, { ...options, variableDefaults })
      : { own: 1, inner: nothing.openLists };
    const inside = node.selectionSet
      ? withOpenLists(measureSet(node.selectionSet, type), sizes.inner)
      : nothing;
    const weight =
      book.weights.get(coordinate) ??
      book.weights.get(type?.name ?? '') ??
      (isCompositeType(type) || (!field && node.selectionSet) ? 1 : 0);
    const costOfItem = weight + inside.cost;
    const isOpen = field !== undefined && isOpenList(field, coordinate);
    const isIntrospection = introspectionFields.has(name);
    const extra =
      (parent !== undefined && parent === schema.getMutationType() ? mutationCost : 0) +
      (field ? costOfInput(coordinate, node, field) : 0);
    const cost = cap(isOpen ? extra : sizes.own * costOfItem + extra);
    return {
      fields: cap(1 + inside.fields),
      aliases: cap((node.alias ? 1 : 0) + inside.aliases),
      depth: isIntrospection ? 1 : 1 + inside.depth,
      ownFields: 1,
      ownCredentials: credentialFields.has(name) ? 1 : 0,
      cost: isIntrospection ? 0 : cost,
      introspection: isIntrospection ? cost : cap(inside.introspection * sizes.own),
      openLists: isOpen ? new Map([[name, costOfItem]]) : nothing.openLists,
    };
  }

  /** Whether this is a list of objects whose length only the enclosing field may set. */
  function isOpenList(field: GraphQLField<unknown, unknown>, coordinate: string): boolean {
    return (
      !book.listSizes.has(coordinate) &&
      !coordinate.startsWith('__') &&
      isListType(getNullableType(field.type))
    );
  }

  function observeArguments({ directives = [] }: { directives?: SelectionNode['directives'] }): void {
    for (const directive of directives) {
      for (const { value } of directive.arguments ?? []) options.onValue(value);
    }
  }

  return { measureFragment, measureSet, observeArguments };
}

/** The values of the variables that the operation declares: the request may hold any number of others. */
function readDeclared({ operation, variables }: MeasureOptions): Record<string, unknown> {
  // A variable may be called `__proto__` or `toString`.
  const values: Record<string, unknown> = Object.create(null);
  for (const { variable, defaultValue } of operation?.variableDefinitions ?? []) {
    const { value: name } = variable.name;
    if (Object.hasOwn(variables, name)) values[name] = variables[name];
    else if (defaultValue) values[name] = valueFromASTUntyped(defaultValue);
  }
  return values;
}

function findField(
  parent: GraphQLNamedType | undefined,
  name: string,
): GraphQLField<unknown, unknown> | undefined {
  const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
  return field ?? introspectionFields.get(name);
}

/** Adds the cost of the lists whose length the enclosing field sets, with its length or an assumed one. */
function withOpenLists(measures: Measures, sizes: ReadonlyMap<string, number>): Measures {
  if (measures.openLists.size === 0) {
    return measures;
  }
  let { cost } = measures;
  for (const [name, costOfItem] of measures.openLists) {
    cost = cap(cost + (sizes.get(name) ?? sizeWithout(name)) * costOfItem);
  }
  return { ...measures, cost, openLists: nothing.openLists };
}

function countSpread(measures: Measures): Measures {
  return { ...measures, fields: cap(1 + measures.fields) };
}

/** The measures of a selection set with its fragments spread. `@skip` and `@include` remove nothing. */
export type Measures = {
  /** The number of fields, spreads and inline fragments. */
  fields: number;
  aliases: number;
  /** How deep fields are nested, without those of introspection. */
  depth: number;
  /** The number of fields of the set itself, without nested ones. */
  ownFields: number;
  /** The number of fields of the set itself that try a password or a refresh token. */
  ownCredentials: number;
  cost: number;
  /** The cost of what introspection selects. It counts in `fields` and `aliases` too, and in nothing else. */
  introspection: number;
  /**
   * The cost of an item of each list of the set itself whose length the enclosing field may set, by field name. Not
   * part of `cost`.
   */
  openLists: ReadonlyMap<string, number>;
};

export const nothing: Measures = {
  fields: 0,
  aliases: 0,
  depth: 0,
  ownFields: 0,
  ownCredentials: 0,
  cost: 0,
  introspection: 0,
  openLists: new Map(),
};

/** Above every limit, and far below where numbers lose precision. Fragments that double with each line end here. */
const ceiling = 1e12;

export function cap(value: number): number {
  return Math.min(value, ceiling);
}

/** Adds up the measures of selections that stand beside each other. */
export function addUp(parts: readonly Measures[]): Measures {
  if (parts.length === 1) {
    return parts[0] as Measures;
  }
  const sum = { ...nothing };
  const openLists = new Map<string, number>();
  for (const part of parts) {
    sum.fields = cap(sum.fields + part.fields);
    sum.aliases = cap(sum.aliases + part.aliases);
    sum.depth = Math.max(sum.depth, part.depth);
    sum.ownFields = cap(sum.ownFields + part.ownFields);
    sum.ownCredentials = cap(sum.ownCredentials + part.ownCredentials);
    sum.cost = cap(sum.cost + part.cost);
    sum.introspection = cap(sum.introspection + part.introspection);
    for (const [name, cost] of part.openLists) {
      openLists.set(name, cap((openLists.get(name) ?? 0) + cost));
    }
  }
  return { ...sum, openLists };
}
