import {
  checkOf,
  findOauthReason,
  type OauthAnswer,
  type OauthErrorCode,
  type OauthRefused,
  type OauthRouteName,
  oauthErrorCodes,
  type Platform,
  type RecordedRefusal,
} from '@signet/schema/contract';
import { RefusalError } from '@signet/service';

/** A request to an OAuth route that was refused. Nothing of what the client sent is in it. */
export type RefusedOauth = Pick<OauthRefused, 'client' | 'tenantId'> & {
  platform: Platform;
  route: OauthRouteName;
  refusal: RecordedRefusal;
};

const longestRetrySeconds = 1_000_000_000;

/** What auth refused. Undefined for an answer that refuses nothing. */
export function readRefusedAnswer({
  status,
  headers,
  body,
  refused = {},
}: OauthAnswer): Omit<RefusedOauth, 'platform' | 'route'> | undefined {
  if (status < 400) return undefined;
  const { reason, client, tenantId } = refused;
  const known = reason === undefined ? undefined : (findOauthReason(reason)?.check ?? checkOf('', reason));
  const byStatus = status === 404 ? 'ROUTE' : status === 500 ? 'FAULT' : undefined;
  return {
    client,
    tenantId,
    refusal: {
      check: reason === 'auth.unavailable' ? 'SUBGRAPH' : (known ?? byStatus),
      code: readErrorCode(body) ?? (status < 500 ? 'invalid_request' : 'server_error'),
      reason,
      count: 1,
      retryAfterSeconds: readSeconds(headers['retry-after']),
    },
  };
}

/** What failed before auth was asked, or because it gave no answer. */
export function describeOauthFault(error: unknown): RecordedRefusal {
  const { statusCode = 500 } = error as { statusCode?: number };
  if (error instanceof RefusalError && error.httpStatus === 503) {
    const { check = 'SUBGRAPH', reason, retryAfterSeconds } = error;
    return { check, code: 'temporarily_unavailable', reason, count: 1, retryAfterSeconds };
  }
  if (error instanceof RefusalError || (statusCode >= 400 && statusCode < 500))
    return { check: 'BODY', code: 'invalid_request', reason: 'oauth.request', count: 1 };
  return { check: 'FAULT', code: 'server_error', count: 1 };
}

/** Of a fixed list: the body is text for the client. */
function readErrorCode(body: string): OauthErrorCode | undefined {
  try {
    const { error } = JSON.parse(body) as { error?: unknown };
    return oauthErrorCodes.find((code) => code === error);
  } catch {
    return undefined;
  }
}

function readSeconds(header: string | undefined): number | undefined {
  const seconds = Number(header);
  return Number.isSafeInteger(seconds) && seconds >= 0 && seconds <= longestRetrySeconds
    ? seconds
    : undefined;
}
