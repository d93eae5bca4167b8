import type { Platform } from '@signet/schema/contract';
import { decodeUtf8, MalformedRequestError } from '@signet/service';
import type { DocumentNode } from 'graphql';
import { readFieldPlatforms } from '../access/field-platforms.ts';
import { createFetchPlatform, type Fetch } from '../subgraphs/auth-route.ts';

/** auth where it runs twice, with the keys and database rights of one platform each. Routers know it as one subgraph. */
export const splitProcesses = ['auth-user', 'auth-portal'] as const;

/**
 * Finds the name, in peers.json, of the process that gets a fetch.
 *
 * @throws {MalformedRequestError} where that depends on the operation and the body is not one.
 */
export type FindRecipient = (body: Buffer) => string;

/**
 * What the router sends to, by the name of the subgraph in its supergraph.
 *
 * @param names of the processes: those of the subgraphs, or `splitProcesses` in place of auth
 * @param supergraph the whole one, where there are `splitProcesses`
 */
export function mapRecipients(
  names: readonly string[],
  supergraph: DocumentNode | undefined,
): ReadonlyMap<string, FindRecipient> {
  const isSplit = (name: string) => (splitProcesses as readonly string[]).includes(name);
  const recipients = new Map<string, FindRecipient>(
    names.filter((name) => !isSplit(name)).map((name) => [name, () => name]),
  );
  if (supergraph && names.some(isSplit)) {
    const platformOf = createFetchPlatform(readFieldPlatforms(supergraph));
    recipients.set('auth', (body) => `auth-${findPlatform(body, platformOf)}`);
  }
  return recipients;
}

function findPlatform(body: Buffer, platformOf: (fetch: Fetch) => Platform): Platform {
  try {
    const { query, variables } = JSON.parse(decodeUtf8(body));
    if (typeof query === 'string') return platformOf({ query, variables: variables ?? undefined });
  } catch {
    // The message of a parser would quote the body.
  }
  throw new MalformedRequestError('The body is not a GraphQL operation in JSON.');
}
