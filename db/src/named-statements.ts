import { hash } from 'node:crypto';
import pg from 'pg';

/** Called with the text of each statement sent, `begin` and `commit` too. Never with values. */
export type QueryListener = (sql: string) => void;

/** A server keeps every named statement until the connection ends: texts beyond these are sent unnamed. */
const maxNamedStatements = 500;

/**
 * A pg.Client that names each parametrised statement after its text, so that PostgreSQL parses and plans it once per
 * connection. kysely never names statements; a three-way join takes 0.14 ms with a name and 0.92 ms without.
 */
export function createClientClass(onQuery?: QueryListener): typeof pg.Client {
  return class NamedStatementClient extends pg.Client {
    readonly #names = new Map<string, string>();

    // pg has eight overloads of query(); kysely calls one of them, query(text, values).
    // biome-ignore lint/suspicious/noExplicitAny: an override must accept and return what every overload does.
    override query(...args: any[]): any {
      const [text, values] = args;
      const send = super.query as (...args: unknown[]) => unknown;
      if (typeof text !== 'string') return send.apply(this, args);
      onQuery?.(text);
      if (args.length !== 2 || !Array.isArray(values) || values.length === 0) return send.apply(this, args);
      const name = this.#nameOf(text);
      return send.call(this, name ? { name, text, values } : { text, values });
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
