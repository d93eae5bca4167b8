import { RefusalError } from '@signet/service';
import {
  type DocumentNode,
  defaultFieldResolver,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
} from 'graphql';
import type { OperationProof } from '../proof/operation-proof.ts';
import { type Admitted, getAdmitted } from './admitted.ts';
import { Ended, endWithToken } from './end-with-token.ts';

type Resolver = GraphQLFieldResolver<unknown, unknown>;

/**
 * Makes every field of Query, Mutation and Subscription ask whether the operation may run, in place. The gate decides that before
 * the framework reads the request. This is what holds if the framework runs something else than the gate read, or runs what never
 * came by the gate. A subscription ends when its caller's token expires or is revoked, whatever server runs it.
 *
 * @param proof undefined where requests need no proof.
 */
export function guardRoots(schema: GraphQLSchema, proof: OperationProof | undefined): void {
  const documents = new WeakMap<OperationDefinitionNode, DocumentNode>();
  const documentOf = ({ operation, fragments }: GraphQLResolveInfo): DocumentNode => {
    const known = documents.get(operation);
    if (known) return known;
    const definitions = [operation, ...Object.values(fragments)];
    const document: DocumentNode = { kind: Kind.DOCUMENT, definitions };
    documents.set(operation, document);
    return document;
  };
  const guard =
    (resolve: Resolver): Resolver =>
    (parent, args, context, info) => {
      const admitted = getAdmitted(context);
      if (proof && admitted.proof) {
        assertMutation(admitted, info.operation);
        proof.assertFields(admitted.proof, documentOf(info));
      }
      if (parent instanceof Ended) throw parent.refusal;
      return resolve(parent, args, context, info);
    };
  const guardEvents =
    (subscribe: Resolver): Resolver =>
    async (parent, args, context, info) => {
      const { assertCurrent } = getAdmitted(context);
      const events: unknown = await subscribe(parent, args, context, info);
      return assertCurrent && isAsyncIterable(events) ? endWithToken(events, assertCurrent) : events;
    };
  const subscription = schema.getSubscriptionType();
  for (const type of [schema.getQueryType(), schema.getMutationType(), subscription]) {
    for (const field of Object.values(type?.getFields() ?? {})) {
      field.resolve = guard(field.resolve ?? defaultFieldResolver);
      if (type === subscription)
        field.subscribe = guardEvents(guard(field.subscribe ?? defaultFieldResolver));
    }
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof (value as AsyncIterable<unknown> | null)?.[Symbol.asyncIterator] === 'function';
}

/** A proof allows one mutation, and the gate must have read that it is one. @throws {RefusalError} */
function assertMutation(admitted: Admitted, operation: OperationDefinitionNode): void {
  if (operation.operation !== 'mutation') return;
  if (admitted.mutation === 'allowed') admitted.mutation = operation;
  if (admitted.mutation !== operation) {
    const cause = new Error('a mutation runs that the gate did not read in the body');
    throw new RefusalError('auth.failure.proof_invalid', { cause });
  }
}
