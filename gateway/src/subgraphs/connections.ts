import { createRequire } from 'node:module';
import type undici from 'undici';
import type { Exchange } from './exchange.ts';

// Without undici's entry, which loads fetch, WebSocket and caches too: a tenth of the gateway's start.
const load = createRequire(import.meta.url);
const Client = load('undici/lib/dispatcher/client.js') as typeof undici.Client;
const Pool = load('undici/lib/dispatcher/pool.js') as typeof undici.Pool;

type Message = { method: 'POST'; path: string; headers: string[]; body: string | Buffer };

/** Kept-alive connections to one origin. An exchange that finds none free waits for one. */
export type Connections = {
  send(message: Message, exchange: Exchange): void;
  /** Waits for what is under way. */
  close(): Promise<void>;
};

/** `most`: connections at a time. */
export function openConnections(
  origin: string,
  { most, ...options }: undici.Client.Options & { most: number },
): Connections {
  if (origin.startsWith('http:')) return new PlainConnections(origin, most, options);
  // HTTP/2 shares one connection between exchanges: that is the pool's to decide.
  const pool = new Pool(origin, { connections: most, ...options });
  return {
    send: (message, exchange) => void pool.dispatch(message, exchange),
    close: () => pool.close(),
  };
}

/**
 * Connections that carry one exchange at a time (HTTP/1.1). undici's pool looks for a free one among all, twice for each exchange, and learns
 * by events that one is free; here the exchange says so. The one that was used last goes first, so that no more stay open than are needed.
 */
class PlainConnections implements Connections {
  readonly #origin: string;
  readonly #most: number;
  readonly #options: undici.Client.Options;
  readonly #clients: undici.Client[] = [];
  readonly #free: undici.Client[] = [];
  readonly #waiting: { message: Message; exchange: Exchange }[] = [];

  constructor(origin: string, most: number, options: undici.Client.Options) {
    this.#origin = origin;
    this.#most = most;
    this.#options = options;
  }

  send(message: Message, exchange: Exchange): void {
    const client = this.#free.pop() ?? this.#open();
    if (client) this.#sendBy(client, message, exchange);
    else this.#waiting.push({ message, exchange });
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  /** A client connects when it has something to send, again after each failure. */
  #open(): undici.Client | undefined {
    if (this.#clients.length === this.#most) return undefined;
    const client = new Client(this.#origin, this.#options);
    this.#clients.push(client);
    return client;
  }

  #sendBy(client: undici.Client, message: Message, exchange: Exchange): void {
    exchange.onOver = () => {
      const next = this.#waiting.shift();
      if (next) this.#sendBy(client, next.message, next.exchange);
      else this.#free.push(client);
    };
    client.dispatch(message, exchange);
  }
}
