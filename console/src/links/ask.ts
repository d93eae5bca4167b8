import type { Outcome, TypedDocument } from '@signet/client';
import { OperationError, send } from '../app/operations.ts';

/** Sends an operation outside of React Query: what is secret in it is kept nowhere. */
export async function ask<T, V extends object>(
  document: TypedDocument<T, V>,
  variables: V,
): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await send(document, variables) };
  } catch (thrown) {
    if (thrown instanceof OperationError) return { ok: false, error: thrown.error };
    throw thrown;
  }
}
