import type { IncomingHttpHeaders } from 'node:http';
import type { Logger } from '@signet/service';
import { Client, Pool } from 'undici';
import { type Circuit, createCircuit } from './circuit.ts';

export type RawAnswer = { statusCode: number; headers: IncomingHttpHeaders; text: string };

export type Outgoing = { path: string; headers: Record<string, string>; body: string };

export type SendLimits = {
  timeoutMs: number;
  /** Aborts where nobody waits for the answer any more. */
  abandoned?: AbortSignal | undefined;
};

/** Kept-alive connections to one address of a subgraph. */
export type SubgraphConnection = {
  circuit: Circuit;
  /** @throws {NoAnswerError} when the connection failed before anything was answered */
  send(outgoing: Outgoing, limits: SendLimits): Promise<RawAnswer>;
  stop(): Promise<void>;
};

/** Nothing of an answer came: a query can be sent again, since all that it could have done is to read. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/** Whoever waited for the answer has gone. No sign of any fault of the subgraph's. */
export class AbandonedError extends Error {
  override readonly name = 'AbandonedError';
}

const connections = 64;
const connectTimeoutMs = 2000;
const maxAnswerBytes = 10 * 1024 * 1024;
/** A fetch without any answer for so long is a reason to ask whether the subgraph lives. */
const doubtAfterMs = 2000;
const probeTimeoutMs = 3000;
const lostConnection = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

export function connectToSubgraph(url: string, name: string, logger: Logger): SubgraphConnection {
  const { origin } = new URL(url);
  // Each fetch has its own time; undici's timeouts would begin anew with each piece of the answer.
  const pool = new Pool(origin, {
    connections,
    connect: { timeout: connectTimeoutMs },
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: maxAnswerBytes,
  });
  const circuit = createCircuit({
    probe: () => isAlive(url),
    onChange: (isOpen) =>
      isOpen
        ? logger.error({ subgraph: name, origin }, 'a subgraph gives no sign of life: fetches are refused')
        : logger.info({ subgraph: name, origin }, 'a subgraph is there again'),
  });

  const send = async (outgoing: Outgoing, { timeoutMs, abandoned }: SendLimits) => {
    const controller = new AbortController();
    const abandon = () => controller.abort(new AbandonedError('The client has gone.'));
    const timer = setTimeout(() => {
      controller.abort(new Error(`no answer within ${Math.round(timeoutMs)} ms`));
    }, timeoutMs);
    const doubt = setTimeout(circuit.suspect, doubtAfterMs);
    abandoned?.addEventListener('abort', abandon, { once: true });
    if (abandoned?.aborted) abandon();
    let isAnswered = false;
    try {
      const answer = await pool.request({ method: 'POST', ...outgoing, signal: controller.signal });
      isAnswered = true;
      clearTimeout(doubt);
      return { statusCode: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
    } catch (error) {
      throw !isAnswered && lostConnection.has((error as NodeJS.ErrnoException).code ?? '')
        ? new NoAnswerError('The connection failed before any answer.', { cause: error })
        : error;
    } finally {
      clearTimeout(timer);
      clearTimeout(doubt);
      abandoned?.removeEventListener('abort', abandon);
    }
  };

  return {
    circuit,
    send,
    async stop() {
      circuit.stop();
      await pool.close();
    },
  };
}

/** Any answer that is no server's fault is one: a subgraph of another make may know no /health/live. */
async function isAlive(url: string): Promise<boolean> {
  const { origin, pathname } = new URL('health/live', url);
  // On a connection of its own: those of the pool may all be waiting for the subgraph.
  const client = new Client(origin, { connect: { timeout: probeTimeoutMs } });
  try {
    const { statusCode, body } = await client.request({
      method: 'GET',
      path: pathname,
      reset: true,
      signal: AbortSignal.timeout(probeTimeoutMs),
    });
    await body.dump();
    return statusCode < 500;
  } finally {
    await client.destroy();
  }
}
