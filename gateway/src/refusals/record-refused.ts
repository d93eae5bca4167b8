import type { IncomingMessage } from 'node:http';
import { parseSignetContext, refusalNotesOf, requestIdOf } from '@signet/service';
import { anonymousSession } from '@signet/session';
import type { GraphQLFormattedError } from 'graphql';
import type { ClientAddressReader } from '../admission/client-address.ts';
import type { GatewayContext } from '../entrance/request-context.ts';
import type { RefusalRecords } from './refusal-records.ts';
import type { RefusedOauth } from './refused-oauth.ts';
import type { RefusedRequest } from './refused-request.ts';

/** What a lane knows of an operation that it answers with errors. */
type Answered = Pick<
  RefusedRequest,
  'headers' | 'status' | 'errors' | 'hasData' | 'operation' | 'outageCheck'
>;

/** Records an operation that was answered with errors. */
export type RecordRefused = (context: GatewayContext, answered: Answered) => void;
/** Records a request that the HTTP server answered with errors, before there was an operation or past one. */
export type RecordRefusedRequest = (
  request: IncomingMessage,
  errors: readonly GraphQLFormattedError[],
  status: number,
  oauth?: RefusedOauth,
) => void;

export function createRecordRefused(records: Pick<RefusalRecords, 'add'>): RecordRefused {
  return (context, answered) => {
    const { clientAddress, tenant, hasToken } = parseSignetContext(context.signetContext) ?? {};
    records.add({
      ...answered,
      requestId: context.requestId,
      session: context.session,
      notes: refusalNotesOf(context),
      hasToken: hasToken ?? false,
      tenant,
      clientAddress,
    });
  };
}

type RequestReaders = {
  readClientAddress: ClientAddressReader;
  /** The tenant that the host or a header names. */
  readTenant(request: IncomingMessage): string | undefined;
};

export function createRecordRefusedRequest(
  records: Pick<RefusalRecords, 'add'>,
  { readClientAddress, readTenant }: RequestReaders,
): RecordRefusedRequest {
  return (request, errors, status, oauth) => {
    const { headers, socket } = request;
    records.add({
      requestId: requestIdOf(request),
      headers,
      status,
      errors,
      hasData: false,
      notes: refusalNotesOf(request),
      // A token that was refused is not believed, and before it is checked nobody is known.
      session: anonymousSession,
      // At an OAuth route the header holds a client's secret.
      hasToken: !oauth && headers.authorization !== undefined,
      oauth,
      tenant: readTenant(request),
      clientAddress: readClientAddress(socket.remoteAddress, headers),
    });
  };
}
