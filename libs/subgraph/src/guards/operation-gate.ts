import type { VerifiedProof } from '@signet/proof';
import { MalformedRequestError, RefusalError } from '@signet/service';
import { type DocumentNode, getOperationAST, parse } from 'graphql';
import { createKnownDocuments } from '../lane/known-documents.ts';
import type { OperationProof } from '../proof/operation-proof.ts';
import type { Admitted } from './admitted.ts';

/** The body of a request: GraphQL over HTTP, section 5.2. */
export type OperationBody = { query: string; operationName?: string | null };

/** @throws {MalformedRequestError} for a list of operations, or one that names a stored text. */
export function readOperationBody(value: unknown): OperationBody {
  const { query, operationName = null } = (value ?? {}) as Record<string, unknown>;
  if (typeof query !== 'string' || (operationName !== null && typeof operationName !== 'string')) {
    throw new MalformedRequestError('Send a JSON object with the operation in "query".');
  }
  return value as OperationBody;
}

const maxBytes = 8 * 1024 * 1024;

export type OperationGate = {
  /**
   * Decides whether the operation may run, before a framework reads it.
   *
   * @throws {RefusalError} (rejects with) auth.failure.proof_invalid, auth.failure.replay, or service.unavailable where the nonce of
   *   a mutation can't be kept.
   */
  admit(proof: VerifiedProof, body: OperationBody): Promise<Admitted['mutation']>;
};

/** @param proof finds the protected schema's checks when the first request comes. */
export function createOperationGate(proof: () => OperationProof | undefined): OperationGate {
  const documents = createKnownDocuments(maxBytes);
  const read = (text: string): DocumentNode | undefined => {
    const known = documents.find(text);
    if (known) return known;
    try {
      const document = parse(text, { noLocation: true });
      documents.add(text, document);
      return document;
    } catch {
      // The framework says what is wrong with it. If it could run the text after all, guardRoots refuses its mutations.
      return undefined;
    }
  };
  return {
    async admit(verified, { query, operationName }) {
      const checks = proof();
      if (!checks)
        throw new TypeError('no schema is protected: call guards.protect before the first request');
      const document = read(query);
      if (!document) return 'refused';
      checks.assertFields(verified, document);
      if (getOperationAST(document, operationName)?.operation !== 'mutation') return 'refused';
      try {
        await checks.assertFirstTime(verified);
      } catch (error) {
        if (error instanceof RefusalError) throw error;
        throw new RefusalError('service.unavailable', { cause: error });
      }
      return 'allowed';
    },
  };
}
