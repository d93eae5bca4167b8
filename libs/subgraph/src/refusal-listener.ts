import { type OperationHooks, RefusalError } from '@signet/service';
import type { GraphQLError } from 'graphql';

/** `field`: the name in the schema of the field that was refused, where it was one. */
type OnRefusal<C> = (refusal: RefusalError, field: string | undefined, context: C) => void;

/** Called with every refusal that an operation met in this subgraph, to count it. It must be quick, and changes nothing. */
export function createRefusalListener<C>(onRefusal: OnRefusal<C>): OperationHooks {
  return {
    onErrors(errors, context) {
      for (const error of errors) {
        const refusal = error.originalError ?? error;
        if (refusal instanceof RefusalError) {
          onRefusal(refusal, fieldOf(error), context as C);
        }
      }
    },
  };
}

/** Its own name: an alias, and so the path, is what the caller made up. */
function fieldOf({ nodes }: GraphQLError): string | undefined {
  const node = nodes?.[0];
  return node?.kind === 'Field' ? node.name.value : undefined;
}
