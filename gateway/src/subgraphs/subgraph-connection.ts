import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import type { Logger } from '@signet/service';
import type undici from 'undici';
import { type Circuit, createCircuit } from './circuit.ts';
import { createExchanges, type RawAnswer } from './exchange.ts';
import type { HeldAnswers } from './held-answers.ts';

/** Without undici's entry, which loads fetch, WebSocket and caches too: a tenth of the gateway's start. */
const Pool = createRequire(import.meta.url)('undici/lib/dispatcher/pool.js') as typeof undici.Pool;

/** `headers`: name, value, name, value. */
export type Outgoing = { path: string; headers: string[]; body: string | Buffer };

/** Kept-alive connections to one address of a subgraph. */
export type SubgraphConnection = {
  readonly origin: string;
  circuit: Circuit;
  /**
   * Posts a request. Rejects when the answer is not there after `timeoutMs`, is too large, or breaks off.
   *
   * @param held counts the answer among those of its operation
   * @throws {NoAnswerError} when the connection failed before any part of an answer came
   */
  send(outgoing: Outgoing, timeoutMs: number, held?: HeldAnswers): Promise<RawAnswer>;
  stop(): Promise<void>;
};

/** Fetches under way to one address of a subgraph; fetch-turns.ts shares them between callers. */
export const connections = 64;
const connectTimeoutMs = 2000;
const maxAnswerBytes = 10 * 1024 * 1024;
const probeTimeoutMs = 3000;

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
  const exchanges = createExchanges(circuit.suspect);
  return {
    origin,
    circuit,
    send({ path, headers, body }, timeoutMs, held) {
      const exchange = exchanges.begin(timeoutMs, held);
      pool.dispatch({ method: 'POST', path, headers, body }, exchange);
      return exchange.answer;
    },
    async stop() {
      circuit.stop();
      await pool.close();
    },
  };
}

/** Any answer below 500 counts: a subgraph of another make may not know /health/live. */
async function isAlive(url: string): Promise<boolean> {
  const target = new URL('health/live', url);
  // An import would load Node's own fetch too (docs/decisions/0094-what-the-gateway-keeps-in-memory.md).
  const { get } = process.getBuiltinModule(target.protocol === 'https:' ? 'node:https' : 'node:http');
  // On a connection of its own, since all of the pool may be waiting for the subgraph.
  const probe = get(target, { agent: false, signal: AbortSignal.timeout(probeTimeoutMs) });
  try {
    const [{ statusCode = 500 }] = (await once(probe, 'response')) as [IncomingMessage];
    return statusCode < 500;
  } finally {
    probe.destroy();
  }
}
