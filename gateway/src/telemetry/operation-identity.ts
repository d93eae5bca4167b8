import { type DocumentNode, type GraphQLSchema, Kind, type OperationDefinitionNode, visit } from 'graphql';
import type { DocumentMark } from '../documents/document-mark.ts';
import { findOperationFields } from '../usage/operation-fields.ts';

/** What the log, spans and usage call an operation by. */
export type OperationIdentity = {
  /** As the document has it, at most 100 characters. Undefined for an anonymous operation. */
  name: string | undefined;
  type: 'query' | 'mutation' | 'subscription';
  /**
   * SHA-256 of the document, as persisted queries have it. A document with texts in it has a mark of this process instead: from a plain hash
   * a reader could try out which text it was.
   */
  hash: string;
  /** Coordinates of the fields that it asks for. Undefined where nobody counts them. */
  fields: readonly string[] | undefined;
};

/** `sha256`: of the document's text. */
export type IdentifyOperation = (
  document: DocumentNode,
  operation: OperationDefinitionNode,
  sha256: string,
  schema: GraphQLSchema,
) => OperationIdentity;

const mostCharacters = 100;

/** Looks at each document once, for as long as the planner keeps it. */
export function createOperationIdentities(markOf: DocumentMark, countsFields: boolean): IdentifyOperation {
  const known = new WeakMap<OperationDefinitionNode, OperationIdentity>();
  return (document, operation, sha256, schema) => {
    const found = known.get(operation);
    if (found) return found;
    const identity: OperationIdentity = {
      name: operation.name?.value.slice(0, mostCharacters),
      type: operation.operation,
      hash: hasTexts(document) ? markOf(sha256) : sha256,
      fields: countsFields ? findOperationFields(schema, document, operation) : undefined,
    };
    known.set(operation, identity);
    return identity;
  };
}

function hasTexts(document: DocumentNode): boolean {
  let isFound = false;
  visit(document, {
    [Kind.STRING]() {
      isFound = true;
    },
  });
  return isFound;
}
