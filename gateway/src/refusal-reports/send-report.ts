import { type RefusalReport, refusalReportPath } from '@signet/schema/contract';
import { formatSignetContext, signetContextHeader } from '@signet/service';
import { request } from 'undici';
import type { FetchMessage, FetchSigner } from '../proof/index.ts';

type Sending = {
  entrance: string;
  /** Of the auth process that holds the platform, as fetches know it: what signs chooses the recipient by it. */
  authUrl: string;
  sign: FetchSigner;
};

/** Also what an entrance that stops waits at most. */
const timeoutMs = 2000;
/** The proof is refused while keys are being replaced, and 429 and 5xx pass. Anything else will be refused again. */
const passing = new Set([401, 408, 429]);

/**
 * Sends a report under the entrance's proof, signed anew at each call. Resolves false where auth will never take it.
 *
 * @throws where it may be taken later
 */
export async function sendReport(
  report: RefusalReport,
  { entrance, authUrl, sign }: Sending,
): Promise<boolean> {
  const body = JSON.stringify(report);
  const message: FetchMessage = {
    method: 'POST',
    path: refusalReportPath,
    query: '',
    headers: {
      'content-type': 'application/json',
      [signetContextHeader]: formatSignetContext({
        requestId: crypto.randomUUID(),
        entrance,
        hasToken: false,
      }),
    },
    body,
  };
  const answer = await request(new URL(refusalReportPath, authUrl), {
    method: 'POST',
    headers: { ...message.headers, ...sign(message, authUrl) },
    body,
    reset: true,
    signal: AbortSignal.timeout(timeoutMs),
  });
  await answer.body.dump();
  const { statusCode } = answer;
  if (statusCode >= 500 || passing.has(statusCode)) {
    throw new Error(`auth answered ${statusCode} to a report of refusals`);
  }
  return statusCode === 202;
}
