import { setImmediate } from 'node:timers/promises';
import { type GraphQLSchema, parse, validate } from 'graphql';
import type { TrustedDocument } from './manifest.ts';

export type DocumentFault = { id: string; name: string; fault: string };

/**
 * The documents that the schema does not answer, with the first fault of each: of a client that is newer or older than this
 * server, most often. Lets other work through between two documents.
 */
export async function findDocumentFaults(
  documents: readonly TrustedDocument[],
  schema: GraphQLSchema,
): Promise<readonly DocumentFault[]> {
  const faults: DocumentFault[] = [];
  for (const { id, name, body } of documents) {
    const fault = findFault(body, schema);
    if (fault !== undefined) {
      faults.push({ id, name, fault });
    }
    await setImmediate();
  }
  return faults;
}

function findFault(body: string, schema: GraphQLSchema): string | undefined {
  try {
    return validate(schema, parse(body))[0]?.message;
  } catch (error) {
    return (error as Error).message;
  }
}
