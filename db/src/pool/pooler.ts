import pg from 'pg';
import { PoolerError } from './pool-errors.ts';
import type { Statement } from './watched-client.ts';

/**
 * Whether a pooler such as PgBouncer stands between a pool and its server. In transaction mode it lends a connection of the server to
 * each transaction anew, so nothing may be left on a connection: no named statement, no setting, no lock, no LISTEN. What is done
 * for that mode is right in session mode as well.
 */
export class Pooler {
  #isThere = false;
  readonly #onFound: () => void;
  readonly #pinning: string;

  /** `settings`: what each transaction begins with. `onFound` is called once. */
  constructor(settings: Readonly<Record<string, string>>, onFound: () => void) {
    this.#onFound = onFound;
    const calls = Object.entries({ ...settings, ...unset }).map(
      ([name, value]) => `set_config(${pg.escapeLiteral(name)}, ${pg.escapeLiteral(value)}, true)`,
    );
    this.#pinning = `select ${calls.join(', ')}`;
  }

  get isThere(): boolean {
    return this.#isThere;
  }

  /** PgBouncer before 1.20 knows no `options`, later versions take few settings in it. A server takes all of ours. */
  isRefusal(error: unknown): boolean {
    return error instanceof pg.DatabaseError && /^unsupported startup parameter/.test(error.message);
  }

  note(): void {
    if (this.#isThere) return;
    this.#isThere = true;
    this.#onFound();
  }

  /**
   * What opens a transaction through a pooler, in place of `setup`. Its settings come first and end with it, so nothing counts that another
   * client left on the connection.
   */
  open(setup: readonly Statement[]): Statement[] {
    const pinning = { text: this.#pinning, values: [] };
    const [first, ...rest] = setup;
    return first?.text === 'begin' ? [{ text: begin, values: [] }, pinning, ...rest] : [pinning, ...setup];
  }

  /** The same for a text without values. The answer to `text` is the first one where it begins a transaction, and the last one otherwise. */
  openWith(text: string): string {
    return readBoundary(text) === 'begin'
      ? `${text === 'begin' ? begin : text}; ${this.#pinning}`
      : `${this.#pinning}; ${text}`;
  }
}

/** Whatever the defaults of the connection are: for a transaction that has begun, they come too late. */
const begin = 'begin isolation level read committed read write not deferrable';

/** Set by the transactions of a tenant. Left on a connection by somebody else, it would open that tenant's rows. */
const unset = { 'app.tenant': '', 'app.actor': '' };

/**
 * Whether a pooler answers on this connection: it announces a number of its own for the process that serves it, and the server's
 * processes have others.
 */
export async function isThroughPooler(
  client: object,
  query: (text: string) => Promise<{ rows: { pid: number }[] }>,
): Promise<boolean> {
  const { rows } = await query('select pg_catalog.pg_backend_pid() as pid');
  return rows[0]?.pid !== (client as { processID?: number | null }).processID;
}

/** For what sets up a database: roles and settings of a session, which are another session's at the next statement. */
export async function refusePooler(client: pg.ClientBase): Promise<void> {
  if (await isThroughPooler(client, (text) => client.query<{ pid: number }>(text))) {
    throw new PoolerError(
      'DATABASE_URL leads through a pooler (PgBouncer or alike): let it name the PostgreSQL server itself for this command.',
    );
  }
}

/** What a statement does to the transaction block of its connection. */
export function readBoundary(text: string): 'begin' | 'end' | undefined {
  if (/^\s*(begin|start transaction)\b/i.test(text)) return 'begin';
  return /^\s*(commit|rollback(?!\s+(work\s+|transaction\s+)?to\b)|end)\b/i.test(text) ? 'end' : undefined;
}
