import type { Socket } from 'node:net';
import utils from 'pg/lib/utils.js';
import type { Column, PreparedStatement } from './prepared-statement.ts';

export type StatementResult = { command: string; rowCount: number; rows: Record<string, unknown>[] };
export type StatementOutcome = { result: StatementResult } | { error: unknown };

/** A statement with its values as they are sent. */
export type BoundStatement = { prepared: PreparedStatement; values: readonly (string | Buffer | null)[] };

/** pg's connection (PostgreSQL manual, 54.7). Its public types are of an older version. */
type Connection = {
  stream: Socket;
  close(message: { type: 'S'; name: string }): void;
  parse(message: { name: string; text: string }): void;
  bind(message: { statement: string; values: readonly unknown[] }): void;
  describe(message: { type: 'P'; name: '' }): void;
  execute(message: object): void;
  sync(): void;
  sendCopyFail(message: string): void;
};

type Field = { name: string; dataTypeID: number };

/** @throws what a value's `toJSON` or `toPostgres` throws */
export function bindStatement(prepared: PreparedStatement, values: readonly unknown[]): BoundStatement {
  return { prepared, values: values.map(utils.prepareValue) };
}

/**
 * Several statements in one message to the server, and one answer: one round trip. What pg.Client takes as a query
 * (its `Submittable`).
 *
 * Outside of a transaction block they are one transaction, which begins with the first statement and ends with the Sync behind the last
 * one (PostgreSQL manual, 54.2.3 and 54.2.4): a setting that is local to the transaction holds for the statements after it, and for
 * nothing that comes later on this connection. After an error the server skips the rest up to the Sync and undoes the transaction.
 */
export class StatementBatch {
  readonly #statements: readonly BoundStatement[];
  readonly #findParser: (typeId: number) => Column['parse'];
  readonly #settle: (outcomes: StatementOutcome[]) => void;
  readonly #outcomes: StatementOutcome[] = [];
  #rows: Record<string, unknown>[] = [];
  #rowError: unknown;

  /** `settle` gets the outcomes in the order of the statements. After an error there are none: those were not run. */
  constructor(
    statements: readonly BoundStatement[],
    findParser: (typeId: number) => Column['parse'],
    settle: (outcomes: StatementOutcome[]) => void,
  ) {
    this.#statements = statements;
    this.#findParser = findParser;
    this.#settle = settle;
  }

  submit(connection: Connection): null {
    const messages = collectMessages(connection, (collecting) => {
      for (const { prepared, values } of this.#statements) {
        const { name, text, state } = prepared;
        // To close a statement that is not there is no error.
        if (state === 'unsure') collecting.close({ type: 'S', name });
        if (state !== 'parsed') collecting.parse({ name, text });
        if (name !== '') prepared.state = 'parsed';
        collecting.bind({ statement: name, values });
        if (!prepared.columns) collecting.describe({ type: 'P', name: '' });
        collecting.execute({});
      }
      collecting.sync();
    });
    // One that has ended tells pg, which gives up what waits on it.
    if (connection.stream.writable) connection.stream.write(messages);
    return null;
  }

  handleRowDescription({ fields }: { fields: readonly Field[] }): void {
    const statement = this.#statements[this.#outcomes.length];
    if (!statement) throw new Error('A description of rows came that belongs to no statement.');
    statement.prepared.columns = fields.map(({ name, dataTypeID }) => ({
      name,
      parse: this.#findParser(dataTypeID),
    }));
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    if (this.#rowError !== undefined) return;
    const columns = this.#statements[this.#outcomes.length]?.prepared.columns;
    // pg's parser is in step with the messages no longer: the connection must end.
    if (columns?.length !== fields.length) throw new Error('A row came that belongs to no statement.');
    try {
      this.#rows.push(readRow(columns, fields));
    } catch (error) {
      this.#rowError = error;
    }
  }

  handleCommandComplete({ text }: { text: string }): void {
    const statement = this.#statements[this.#outcomes.length];
    if (!statement) throw new Error('The end of a statement came that belongs to no statement.');
    // A statement without rows was answered with NoData, of which pg does not tell.
    statement.prepared.columns ??= [];
    if (this.#rowError !== undefined) this.#outcomes.push({ error: this.#rowError });
    else this.#outcomes.push({ result: { ...readCommandTag(text), rows: this.#rows } });
    this.#rows = [];
    this.#rowError = undefined;
  }

  handleEmptyQuery(): void {
    this.handleCommandComplete({ text: '' });
  }

  handlePortalSuspended(): void {
    throw new Error('The server answered with a part of the rows, but was asked for all of them.');
  }

  handleCopyInResponse(connection: Connection): void {
    connection.sendCopyFail('no data');
    // The server drops the Sync that was sent before while it waits for data.
    connection.sync();
  }

  handleCopyData(): void {}

  /** The server's error of the statement whose turn it is or, behind the last one, of their commit; or the end of the connection. */
  handleError(error: unknown): void {
    for (const { prepared } of this.#statements.slice(this.#outcomes.length)) {
      prepared.state = prepared.name === '' ? 'new' : 'unsure';
      prepared.columns = undefined;
    }
    const isCommit = this.#outcomes.length === this.#statements.length;
    this.#settle(isCommit ? this.#statements.map(() => ({ error })) : [...this.#outcomes, { error }]);
  }

  handleReadyForQuery(): void {
    this.#settle(this.#outcomes);
  }
}

/** What `send` sends by pg's connection, in one piece: a socket takes one piece in half the time of five. */
function collectMessages(connection: Connection, send: (collecting: Connection) => void): Buffer {
  const messages: Buffer[] = [];
  const stream = { writable: true, write: (message: Buffer) => messages.push(message) };
  send(Object.create(connection, { stream: { value: stream } }) as Connection);
  return Buffer.concat(messages);
}

function readRow(columns: readonly Column[], fields: readonly (string | null)[]): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (let index = 0; index < columns.length; index++) {
    const { name, parse } = columns[index] as Column;
    const text = fields[index] as string | null;
    row[name] = text === null ? null : parse(text);
  }
  return row;
}

/** `SELECT 20`, `INSERT 0 1`, `BEGIN`. */
function readCommandTag(tag: string): { command: string; rowCount: number } {
  const first = tag.indexOf(' ');
  if (first === -1) return { command: tag, rowCount: 0 };
  const count = Number(tag.slice(tag.lastIndexOf(' ') + 1));
  return { command: tag.slice(0, first), rowCount: Number.isInteger(count) ? count : 0 };
}
