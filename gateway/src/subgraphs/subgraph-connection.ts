import type { IncomingHttpHeaders } from 'node:http';
import type { Logger } from '@signet/service';
import { Client, Pool } from 'undici';
import { type Circuit, createCircuit } from './circuit.ts';

export type RawAnswer = { statusCode: number; headers: IncomingHttpHeaders; text: string };

export type Outgoing = { path: string; headers: Record<string, string>; body: string };

/** Kept-alive connections to one address of a subgraph. */
export type SubgraphConnection = {
  circuit: Circuit;
  /** @throws {NoAnswerError} when the connection failed before any part of an answer came */
  send(outgoing: Outgoing, timeoutMs: number): Promise<RawAnswer>;
  stop(): Promise<void>;
};

/** No part of an answer came. A query can be sent again, since it can only have read. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/** Fetches under way to one address of a subgraph; fetch-turns.ts shares them between callers. */
export const connections = 64;
const connectTimeoutMs = 2000;
const maxAnswerBytes = 10 * 1024 * 1024;
/** A fetch that has no answer after this time is a reason to check whether the subgraph is alive. */
const doubtAfterMs = 2000;
const probeTimeoutMs = 3000;
const lostConnection = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/** Connects to the subgraph `name`. `onOutage` is called when its circuit opens. */
export function connectToSubgraph(
  url: string,
  { name, logger, onOutage }: { name: string; logger: Logger; onOutage(): void },
): SubgraphConnection {
  const { origin } = new URL(url);
  // Each fetch has its own timeout. undici's timeouts would start again with each part of the answer.
  const pool = new Pool(origin, {
    connections,
    connect: { timeout: connectTimeoutMs },
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: maxAnswerBytes,
  });
  const circuit = createCircuit({
    probe: () => isAlive(url),
    onChange(isOpen) {
      if (!isOpen) return logger.info({ subgraph: name, origin }, 'a subgraph answers again');
      logger.error({ subgraph: name, origin }, 'a subgraph does not answer: its fetches are refused');
      onOutage();
    },
  });

  const send = async (outgoing: Outgoing, timeoutMs: number) => {
    const controller = new AbortController();
    const timer = setTimeout(() => {
      controller.abort(new Error(`no answer within ${Math.round(timeoutMs)} ms`));
    }, timeoutMs);
    const doubt = setTimeout(circuit.suspect, doubtAfterMs);
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

/** Any answer below 500 counts: a subgraph of another make may not know /health/live. */
async function isAlive(url: string): Promise<boolean> {
  const { origin, pathname } = new URL('health/live', url);
  // On a connection of its own, since all of the pool may be waiting for the subgraph.
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
