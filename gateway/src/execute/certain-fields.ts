import {
  type DocumentNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { readConditions } from './conditions.ts';
import { fragmentsOf } from './fragments.ts';
import { numberKeys, plannedKeyOf } from './response-names.ts';

/** The planned response keys of the root fields that subgraphs answer, whatever the variables are. */
export function findCertainRootKeys(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  prefix: string | undefined,
): string[] {
  const fragments = fragmentsOf(document);
  const numberOf = numberKeys(document);
  const fields = schema.getRootType(operation.operation)?.getFields() ?? {};
  const keys = new Set<string>();
  const sets = new Set<SelectionSetNode>([operation.selectionSet]);
  for (const { selections } of sets) {
    for (const selection of selections) {
      if (readConditions(selection.directives).length > 0) continue;
      if (selection.kind === Kind.FIELD) {
        const { value: name } = selection.name;
        // A schema's own fields are answered here.
        if (!name.startsWith('__')) keys.add(plannedKeyOf(selection, fields[name], prefix, numberOf));
        continue;
      }
      const below =
        selection.kind === Kind.INLINE_FRAGMENT
          ? selection.selectionSet
          : fragments.get(selection.name.value)?.selectionSet;
      if (below) sets.add(below);
    }
  }
  return [...keys];
}
