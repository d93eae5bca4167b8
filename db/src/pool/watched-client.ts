import type { Socket } from 'node:net';
import { guardProtocol } from '@signet/flow';
import type { Span } from '@signet/telemetry/tracing';
import pg from 'pg';
import type { DatabaseSilentError } from './pool-errors.ts';
import { isThroughPooler, type Pooler, readBoundary } from './pooler.ts';
import { PreparedStatements } from './prepared-statement.ts';
import type { SilenceWatch, WatchedConnection } from './silence-watch.ts';
import {
  bindStatement,
  StatementBatch,
  type StatementOutcome,
  type StatementResult,
} from './statement-batch.ts';
import { endStatementSpan, startStatementSpan } from './statement-span.ts';

/** Called with the text of each statement sent, `begin` and `commit` too. Never with values. */
export type QueryListener = (sql: string) => void;

export type Statement = { text: string; values: readonly unknown[] };

/** What the pool gives out. */
export type StatementRunner = {
  /** The server has ended the connection, or is about to. */
  readonly isLost: boolean;
  /**
   * Sends statements with one write and waits for all their answers: one round trip. Outside of a transaction block they are one
   * transaction. `setup` runs before them; if it fails, so does the first of them.
   *
   * @returns the outcomes of `statements`. Those behind one that failed are missing: they were not run.
   */
  run(statements: readonly Statement[], setup?: readonly Statement[]): Promise<StatementOutcome[]>;
};

/** Errors after which the server ends the connection (PostgreSQL manual, appendix A): it is shut down, or a limit of the transaction was reached. */
const lastErrors = /^(57P0[1-5]|25P0[34]|08)/;
/** How long a connection's other end may take to end it. */
const endMs = 1000;

/**
 * A pg.Client whose answers are watched, and that names each parametrised statement after its text, so that PostgreSQL parses
 * and plans it once per connection. kysely never names statements; a three-way join takes 0.14 ms with a name and 0.92 ms
 * without.
 */
export function createClientClass(
  watch: SilenceWatch,
  pooler: Pooler,
  onQuery?: QueryListener,
): typeof pg.Client {
  return class WatchedClient extends pg.Client implements WatchedConnection, StatementRunner {
    readonly #prepared = new PreparedStatements(() => !pooler.isThere);
    readonly #findParser = (typeId: number) => this.getTypeParser(typeId, 'text');
    #unanswered = 0;
    #isLost = false;
    /** By what was sent, since what is sent next must not wait for the answer. */
    #isInTransaction = false;

    constructor(config?: pg.ClientConfig) {
      super(pooler.isThere ? { ...config, options: undefined } : config);
      guardProtocol(this);
    }

    get isLost(): boolean {
      return this.#isLost;
    }

    /** A pooler's are its own. */
    get pid(): number | null {
      return pooler.isThere ? null : (this as unknown as { processID: number | null }).processID;
    }

    async findPooler(): Promise<void> {
      if (pooler.isThere) return;
      const ask = (text: string) => this.#watch(super.query<{ pid: number }>(text));
      if (await isThroughPooler(this, ask)) pooler.note();
    }

    giveUp(error: DatabaseSilentError): void {
      this.#stream().destroy(error);
    }

    // biome-ignore lint/suspicious/noExplicitAny: pg.Pool connects with a callback, everybody else with a promise.
    override connect(...args: any[]): any {
      watch.add(this);
      this.#wait(1);
      this.once('end', () => watch.remove(this));
      // The pool has asked for more already, in the callback of pg that comes before this event.
      this.once('connect', () => this.#rest(true));
      return (super.connect as (...args: unknown[]) => unknown).apply(this, args);
    }

    async run(
      statements: readonly Statement[],
      setup: readonly Statement[] = [],
    ): Promise<StatementOutcome[]> {
      const before = pooler.isThere && !this.#isInTransaction ? pooler.open(setup) : setup;
      const bound = [...before, ...statements].map(({ text, values }) => {
        this.#noteBoundary(text);
        return bindStatement(this.#prepared.get(text), values);
      });
      for (const { prepared } of bound) onQuery?.(prepared.text);
      const span = startStatementSpan(
        statements.map(({ text }) => text),
        this,
      );
      const { promise, resolve } = Promise.withResolvers<StatementOutcome[]>();
      this.#wait(statements.length);
      super.query(new StatementBatch(bound, this.#findParser, resolve) as unknown as pg.Submittable);
      const outcomes = await promise;
      const last = outcomes.at(-1);
      const error = last && 'error' in last ? last.error : undefined;
      endStatementSpan(span, error);
      const isAnswered = error === undefined || error instanceof pg.DatabaseError;
      this.#rest(isAnswered);
      this.#isLost ||= !isAnswered || lastErrors.test(error?.code ?? '');
      return outcomes.length > before.length ? outcomes.slice(before.length) : outcomes.slice(-1);
    }

    // pg has eight overloads of query(); kysely calls one of them, query(text, values).
    // biome-ignore lint/suspicious/noExplicitAny: an override must accept and return what every overload does.
    override query(...args: any[]): any {
      const [text, values] = args;
      if (args.length === 2 && typeof text === 'string' && Array.isArray(values) && values.length > 0) {
        return this.#runOne({ text, values });
      }
      if (typeof text !== 'string') return this.#send(args, undefined);
      onQuery?.(text);
      const span = startStatementSpan([text], this);
      const isOpening = pooler.isThere && !this.#isInTransaction;
      const boundary = this.#noteBoundary(text);
      if (!isOpening || args.length > 2) return this.#send(args, span);
      return (this.#send([pooler.openWith(text)], span) as Promise<unknown>).then((results) =>
        Array.isArray(results) ? results.at(boundary === 'begin' ? 0 : -1) : results,
      );
    }

    /** If the other end is gone, nothing answers the end of the connection: then its socket is destroyed. */
    // biome-ignore lint/suspicious/noExplicitAny: with a callback or a promise.
    override end(...args: any[]): any {
      const timer = setTimeout(() => this.#stream().destroy(), watch.isSilent ? 0 : endMs);
      this.once('end', () => clearTimeout(timer));
      return (super.end as (...args: unknown[]) => unknown).apply(this, args);
    }

    async #runOne(statement: Statement): Promise<StatementResult> {
      const [outcome] = await this.run([statement]);
      return getResult(outcome);
    }

    #noteBoundary(text: string): ReturnType<typeof readBoundary> {
      const boundary = readBoundary(text);
      if (boundary) this.#isInTransaction = boundary === 'begin';
      return boundary;
    }

    #send(args: unknown[], span: Span | undefined): unknown {
      return this.#watch((super.query as (...args: unknown[]) => unknown).apply(this, args), span);
    }

    #watch<T>(answer: T, span?: Span): T {
      if (!(answer instanceof Promise)) return answer;
      this.#wait(1);
      answer.then(
        () => {
          endStatementSpan(span, undefined);
          this.#rest(true);
        },
        (error) => {
          endStatementSpan(span, error);
          this.#rest(error instanceof pg.DatabaseError);
        },
      );
      return answer;
    }

    /** The next statements of several are sent when those before them are answered. */
    #wait(statements: number): void {
      this.#unanswered += 1;
      if (this.#unanswered === 1) watch.wait(this, statements);
    }

    #rest(isAnswered: boolean): void {
      this.#unanswered -= 1;
      watch.rest(this, isAnswered);
      if (this.#unanswered > 0) watch.wait(this);
    }

    #stream(): Socket {
      return (this as unknown as { connection: { stream: Socket } }).connection.stream;
    }
  };
}

/**
 * @param outcome of a statement; undefined for one that was not run.
 * @throws the error that the server answered it with. Its stack shows who asked.
 */
export function getResult(outcome: StatementOutcome | undefined): StatementResult {
  if (outcome && 'result' in outcome) return outcome.result;
  const error = outcome ? outcome.error : new Error('The statement was not run.');
  if (error instanceof Error) Error.captureStackTrace(error);
  throw error;
}
