import type { PlanNode, QueryPlan } from '@apollo/query-planner';
import {
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type FieldNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  stripIgnoredCharacters,
  visit,
} from 'graphql';
import { nameNode, type Requirements, restoreNode, type Variant } from './required-fetches.ts';

export type RequiredArguments = {
  /** The supergraph to plan on. */
  supergraph: DocumentNode;
  /** Gives a plan on it the fields of the subgraphs again. */
  restore(plan: QueryPlan): QueryPlan;
};

/**
 * Keeps apart the arguments that `@requires` gives one field in several places: the planner asks for one of them only, under one key. A
 * fetch has one value for each field of an entity too, so it becomes several where its fields require different ones.
 *
 * @param prefix begins no name of the supergraph, and no digit follows it in another planned name (response-names.ts)
 * @returns undefined where the supergraph needs none of this
 */
export function separateRequiredArguments(
  supergraph: DocumentNode,
  prefix: string,
): RequiredArguments | undefined {
  const variants = findVariants(supergraph, prefix);
  if (variants.size === 0) return undefined;
  const nameOf = new Map([...variants].map(([name, variant]) => [print(fieldOf(variant)), name]));
  const renamed = visit(supergraph, {
    Directive: (node) => mapRequires(node as ConstDirectiveNode, (set) => useVariants(set, nameOf)),
  });
  const added = visit(renamed, {
    ObjectTypeDefinition: (node) => ({ ...node, fields: addVariants(node.fields, variants) }),
    InterfaceTypeDefinition: (node) => ({ ...node, fields: addVariants(node.fields, variants) }),
  });
  const requirements = findRequirements(added, variants);
  return {
    supergraph: added,
    restore: ({ node, ...plan }) => ({
      ...plan,
      ...(node && { node: restoreNode(node as PlanNode, variants, requirements) }),
    }),
  };
}

/** Fields that are required with several texts of arguments, or with hidden ones, each by the name that the planner gets. */
function findVariants(supergraph: DocumentNode, prefix: string): Map<string, Variant> {
  const texts = new Map<string, Map<string, Variant>>();
  /** Fields of which clients see no argument: they may ask for one under the name that the planner gives it too. */
  const plain = new Set<string>();
  visit(supergraph, {
    FieldDefinition({ name, arguments: args = [] }) {
      const isHidden = args.every(({ directives }) =>
        directives?.some((directive) => directive.name.value === 'inaccessible'),
      );
      if (args.length > 0 && isHidden) plain.add(name.value);
    },
    Directive(node) {
      mapRequires(node as ConstDirectiveNode, (set) =>
        visit(set, {
          Field({ name, arguments: args = [] }) {
            const variant: Variant = { name, arguments: args };
            texts.set(name.value, (texts.get(name.value) ?? new Map()).set(print(fieldOf(variant)), variant));
          },
        }),
      );
    },
  });
  const found = [...texts]
    .filter(([name, known]) => known.size > 1 || plain.has(name))
    .flatMap(([, known]) => [...known.values()]);
  return new Map(found.map((variant, index) => [`${prefix}${index}${variant.name.value}`, variant]));
}

function fieldOf({ name, arguments: args }: Variant): FieldNode {
  return { kind: Kind.FIELD, name, ...(args && { arguments: args }) };
}

/** Passes the field set of a `@join__field(requires:)` through `map`. */
function mapRequires(
  node: ConstDirectiveNode,
  map: (set: OperationDefinitionNode) => OperationDefinitionNode,
): ConstDirectiveNode | undefined {
  if (node.name.value !== 'join__field') return undefined;
  const args = node.arguments?.map((argument) => {
    const { name, value } = argument;
    if (name.value !== 'requires' || value.kind !== Kind.STRING) return argument;
    const set = map(parseFieldSet(value.value));
    const text = stripIgnoredCharacters(print(set.selectionSet)).slice(1, -1);
    return { ...argument, value: { ...value, value: text } };
  });
  return { ...node, ...(args && { arguments: args }) };
}

function parseFieldSet(text: string): OperationDefinitionNode {
  return parse(`{${text}}`, { noLocation: true }).definitions[0] as OperationDefinitionNode;
}

function useVariants(
  set: OperationDefinitionNode,
  nameOf: ReadonlyMap<string, string>,
): OperationDefinitionNode {
  return visit(set, {
    Field: {
      leave({ name, arguments: args = [], ...field }) {
        const variant = nameOf.get(print(fieldOf({ name, arguments: args })));
        return variant === undefined ? undefined : { ...field, name: nameNode(variant) };
      },
    },
  });
}

function addVariants(
  fields: readonly FieldDefinitionNode[] = [],
  variants: ReadonlyMap<string, Variant>,
): FieldDefinitionNode[] {
  const made = [...variants].flatMap(([name, variant]) =>
    fields
      .filter((field) => field.name.value === variant.name.value)
      .map((field) => ({ ...field, name: nameNode(name), arguments: [] })),
  );
  return [...fields, ...made];
}

function findRequirements(supergraph: DocumentNode, variants: ReadonlyMap<string, Variant>): Requirements {
  const subgraphs = new Map<string, string>();
  const requirements = new Map<string, Set<string>>();
  for (const node of supergraph.definitions) {
    if (node.kind !== Kind.ENUM_TYPE_DEFINITION || node.name.value !== 'join__Graph') continue;
    for (const { name, directives = [] } of node.values ?? []) {
      for (const directive of directives) subgraphs.set(name.value, argumentOf(directive, 'name') ?? '');
    }
  }
  for (const node of supergraph.definitions) {
    if (node.kind !== Kind.OBJECT_TYPE_DEFINITION && node.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    for (const { name, directives = [] } of node.fields ?? []) {
      for (const directive of directives) {
        const set = argumentOf(directive, 'requires');
        if (directive.name.value !== 'join__field' || set === undefined) continue;
        const used = new Set<string>();
        visit(parseFieldSet(set), {
          Field: (field) => void (variants.has(field.name.value) && used.add(field.name.value)),
        });
        const subgraph = subgraphs.get(argumentOf(directive, 'graph') ?? '');
        requirements.set(`${subgraph} ${node.name.value}.${name.value}`, used);
      }
    }
  }
  return requirements;
}

function argumentOf({ arguments: args = [] }: ConstDirectiveNode, name: string): string | undefined {
  const value = args.find((argument) => argument.name.value === name)?.value;
  return value && 'value' in value && typeof value.value === 'string' ? value.value : undefined;
}
