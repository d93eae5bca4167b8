import { credentialFields } from '@signet/schema/contract';
import { type DocumentNode, Kind, type OperationDefinitionNode, type SelectionSetNode } from 'graphql';
import { RefusalError } from './errors.ts';
import type { OperationHooks } from './operation-hooks.ts';

/**
 * Refuses an operation with more than one credential field before any of it runs: with aliases and fragments, one request
 * could make a thousand guesses. Auth uses it too, so that it does not depend on the gateway's limits.
 */
export function createCredentialLimit(): OperationHooks {
  return {
    beforeRun({ document, operation }) {
      if (operation?.operation === 'mutation' && countCredentialFields(document, operation) > 1) {
        throw new RefusalError('request.limit.credentials');
      }
    },
  };
}

/**
 * The number of credential fields among the root fields; stops at 2. Fields under `@skip` and `@include` count. Each fragment
 * is counted once: fragments that spread fragments double the work with each line.
 */
export function countCredentialFields(document: DocumentNode, operation: OperationDefinitionNode): number {
  const fragments = new Map(
    document.definitions.flatMap((node) =>
      node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node.selectionSet] as const] : [],
    ),
  );
  const counts = new Map<string, number>();
  const countFragment = (name: string): number => {
    const known = counts.get(name);
    if (known !== undefined) return known;
    counts.set(name, 0);
    const count = countIn(fragments.get(name));
    counts.set(name, count);
    return count;
  };
  const countIn = (set: SelectionSetNode | undefined): number => {
    let count = 0;
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.FIELD) count += credentialFields.has(selection.name.value) ? 1 : 0;
      else if (selection.kind === Kind.FRAGMENT_SPREAD) count += countFragment(selection.name.value);
      else count += countIn(selection.selectionSet);
      if (count > 1) return 2;
    }
    return count;
  };
  return countIn(operation.selectionSet);
}
