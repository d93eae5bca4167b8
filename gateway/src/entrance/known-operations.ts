import type { OperationGuard } from '@signet/access';
import {
  type DocumentNode,
  type GraphQLSchema,
  getOperationAST,
  type OperationDefinitionNode,
} from 'graphql';
import type { OperationGuards } from '../access/access-guard.ts';
import { findSchemaField } from '../access/introspection-guard.ts';
import type { LimitConfig } from '../config.ts';
import { sha256 } from '../documents/decide-document.ts';
import type { CompiledOperation } from '../execute/executor.ts';
import type { CostBook } from '../limits/cost-book.ts';
import { createKnownLimits, type KnownLimits } from '../limits/known-limits.ts';
import type { IdentifyOperation, OperationIdentity } from '../telemetry/operation-identity.ts';
import type { GatewayContext } from './request-context.ts';

/** An operation that is valid, planned and compiled, with what is checked at each request for it. */
export type KnownOperation = {
  identity: OperationIdentity;
  compiled: CompiledOperation<GatewayContext>;
  costOf: KnownLimits;
  /** The access rules of its fields. Looked up each time: the guards of all operations have a memory limit of their own. */
  guard(): OperationGuard;
};

export type KnownOperationsOptions = {
  schema: GraphQLSchema;
  book: CostBook;
  config: LimitConfig;
  guards: OperationGuards;
  identify: IdentifyOperation;
  /** The parsed document with this text, once an operation of it has been planned. */
  documentOfText(text: string): DocumentNode | undefined;
  /** The compiled form of a planned operation. */
  compiledOf(operation: OperationDefinitionNode): CompiledOperation<GatewayContext> | undefined;
};

/**
 * Finds the operation of a text that ran here before. Undefined for every other operation, and for documents that ask for the schema: who
 * may see it is decided elsewhere. What is found goes when the planner drops the document.
 */
export function createKnownOperations(options: KnownOperationsOptions) {
  const { schema, book, config, guards, identify, documentOfText, compiledOf } = options;
  /** By the name that the request gives, '' where it gives none. */
  const known = new WeakMap<DocumentNode, Map<string, KnownOperation>>();
  const schemaDocuments = new WeakSet<DocumentNode>();
  const learn = (
    document: DocumentNode,
    operationName: string | undefined,
    text: string,
  ): KnownOperation | undefined => {
    const operation = getOperationAST(document, operationName);
    const compiled = operation && compiledOf(operation);
    if (!compiled) return undefined;
    return {
      identity: identify(document, operation, sha256(text), schema),
      compiled,
      costOf: createKnownLimits({ schema, book, config, document, operation }),
      guard: () => guards(schema, document, operation),
    };
  };
  return (text: string, operationName: string | undefined): KnownOperation | undefined => {
    const document = documentOfText(text);
    if (!document || schemaDocuments.has(document)) return undefined;
    let operations = known.get(document);
    const found = operations?.get(operationName ?? '');
    if (found) return found;
    if (!operations) {
      if (findSchemaField(document)) {
        schemaDocuments.add(document);
        return undefined;
      }
      operations = new Map();
      known.set(document, operations);
    }
    const learned = learn(document, operationName, text);
    if (learned) operations.set(operationName ?? '', learned);
    return learned;
  };
}
