import { hash } from 'node:crypto';
import type { Socket } from 'node:net';
import { guardProtocol } from '@signet/flow';
import pg from 'pg';
import type { DatabaseSilentError } from './pool-errors.ts';
import type { SilenceWatch, WatchedConnection } from './silence-watch.ts';

/** Called with the text of each statement sent, `begin` and `commit` too. Never with values. */
export type QueryListener = (sql: string) => void;

/** A server keeps every named statement until the connection ends: texts beyond these are sent unnamed. */
const maxNamedStatements = 500;
/** How long a connection's other end may take to end it. */
const endMs = 1000;

/**
 * A pg.Client whose answers are watched, and that names each parametrised statement after its text, so that PostgreSQL parses
 * and plans it once per connection. kysely never names statements; a three-way join takes 0.14 ms with a name and 0.92 ms
 * without.
 */
export function createClientClass(watch: SilenceWatch, onQuery?: QueryListener): typeof pg.Client {
  return class WatchedClient extends pg.Client implements WatchedConnection {
    readonly #names = new Map<string, string>();
    #unanswered = 0;

    constructor(config?: string | pg.ClientConfig) {
      super(config);
      guardProtocol(this);
    }

    get pid(): number | null {
      return (this as unknown as { processID: number | null }).processID;
    }

    giveUp(error: DatabaseSilentError): void {
      this.#stream().destroy(error);
    }

    // biome-ignore lint/suspicious/noExplicitAny: pg.Pool connects with a callback, everybody else with a promise.
    override connect(...args: any[]): any {
      watch.add(this);
      watch.wait(this);
      this.once('end', () => watch.remove(this));
      this.once('connect', () => watch.rest(this, true));
      return (super.connect as (...args: unknown[]) => unknown).apply(this, args);
    }

    // pg has eight overloads of query(); kysely calls one of them, query(text, values).
    // biome-ignore lint/suspicious/noExplicitAny: an override must accept and return what every overload does.
    override query(...args: any[]): any {
      const [text, values] = args;
      const send = super.query as (...args: unknown[]) => unknown;
      if (typeof text !== 'string') return this.#watch(send.apply(this, args));
      onQuery?.(text);
      if (args.length !== 2 || !Array.isArray(values) || values.length === 0) {
        return this.#watch(send.apply(this, args));
      }
      const name = this.#nameOf(text);
      return this.#watch(send.call(this, name ? { name, text, values } : { text, values }));
    }

    /** If the other end is gone, nothing answers the end of the connection: then its socket is destroyed. */
    // biome-ignore lint/suspicious/noExplicitAny: with a callback or a promise.
    override end(...args: any[]): any {
      const timer = setTimeout(() => this.#stream().destroy(), watch.isSilent ? 0 : endMs);
      this.once('end', () => clearTimeout(timer));
      return (super.end as (...args: unknown[]) => unknown).apply(this, args);
    }

    /** The next statement of several is sent when the one before it is answered. */
    #watch(answer: unknown): unknown {
      if (!(answer instanceof Promise)) return answer;
      this.#unanswered += 1;
      if (this.#unanswered === 1) watch.wait(this);
      const settle = (isAnswered: boolean) => {
        this.#unanswered -= 1;
        watch.rest(this, isAnswered);
        if (this.#unanswered > 0) watch.wait(this);
      };
      answer.then(
        () => settle(true),
        (error) => settle(error instanceof pg.DatabaseError),
      );
      return answer;
    }

    #stream(): Socket {
      return (this as unknown as { connection: { stream: Socket } }).connection.stream;
    }

    #nameOf(text: string): string | undefined {
      const known = this.#names.get(text);
      if (known || this.#names.size >= maxNamedStatements) return known;
      const name = hash('sha256', text, 'base64url');
      this.#names.set(text, name);
      return name;
    }
  };
}
