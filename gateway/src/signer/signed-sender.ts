import type { ProofIdentity } from '@signet/proof';
import { type Logger, RefusalError, signetContextHeader, withTimeout } from '@signet/service';
import { assertProofAccepted, ProofRefusedError, readAnswer } from '../execute/fetch-answer.ts';
import type { RawAnswer } from '../subgraphs/exchange.ts';
import { connectToSubgraph } from '../subgraphs/subgraph-connection.ts';
import type { DescribedFetch } from './describe-fetch.ts';

export type SignedSender = {
  /**
   * Signs a fetch for the process and sends it.
   *
   * @returns the answer, which is GraphQL
   * @throws {RefusalError} auth.unavailable, service.unavailable where there is none. The log has the cause.
   */
  send(fetch: DescribedFetch, body: Buffer): Promise<RawAnswer>;
  stop(): Promise<void>;
};

/** The process stops a little earlier, so that its answer still arrives. */
const answerMarginMs = 100;
const json = 'application/json';

/** Sends fetches to the process that peers.json calls `name`. Each is signed for it alone, over the bytes that are sent. */
export function createSignedSender(
  name: string,
  url: string,
  { signer, timeoutMs, logger }: { signer: ProofIdentity['signer']; timeoutMs: number; logger: Logger },
): SignedSender {
  const { pathname: path, search: query } = new URL(url);
  const connection = connectToSubgraph(url, { name, logger, onOutage: () => {} });

  const ask = ({ authorization, signetContext }: DescribedFetch, body: Buffer): Promise<RawAnswer> => {
    const covered = {
      'content-type': json,
      [signetContextHeader]: withTimeout(signetContext, timeoutMs - answerMarginMs),
      ...(authorization !== undefined && { authorization }),
    };
    const proof = signer.sign(name, { method: 'POST', path, query, headers: covered, body });
    const headers: Record<string, string> = { accept: json, ...covered, ...proof };
    return connection.send(
      { path: `${path}${query}`, headers: Object.entries(headers).flat(), body },
      timeoutMs,
    );
  };

  return {
    async send(fetch, body) {
      try {
        if (connection.circuit.isOpen()) throw new RefusalError(outageOf(name));
        const answer = await ask(fetch, body);
        assertProofAccepted(readAnswer(answer).errors ?? []);
        return answer;
      } catch (error) {
        if (error instanceof RefusalError) throw error;
        const isProof = error instanceof ProofRefusedError;
        if (!isProof) connection.circuit.suspect();
        logger[isProof ? 'error' : 'warn']({ subgraph: name, err: error }, 'a fetch failed');
        throw new RefusalError(outageOf(name));
      }
    },
    stop: () => connection.stop(),
  };
}

function outageOf(name: string) {
  return /^auth(-|$)/.test(name) ? 'auth.unavailable' : 'service.unavailable';
}
