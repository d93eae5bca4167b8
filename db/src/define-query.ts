import { type CompiledQuery, type Kysely, type QueryExecutorProvider, type RawBuilder, sql } from 'kysely';
import type { Database } from './tables.ts';
import { findStatementRunner } from './transaction-handle.ts';

/** A statement to which each call gives values. */
export type Query<Values extends object, Row> = (trx: Kysely<Database>, values: Values) => Promise<Row[]>;

type Buildable<Row> = { compile(provider: QueryExecutorProvider): CompiledQuery<Row> };

/** Stands for a value in the parameters of a statement. */
class Placeholder {
  readonly name: PropertyKey;

  constructor(name: PropertyKey) {
    this.name = name;
  }
}

/**
 * Defines a statement that is asked often. It is built once, at its first call, since to build it and write its text takes 30 µs or
 * more, as long as everything else that a process does for a read. `value('ids')` is the place of a value, and always a
 * parameter. Whatever changes the text (an order, a condition that may be missing) needs a query of its own.
 */
export function defineQuery<Values extends object, Row>(
  build: (
    db: Kysely<Database>,
    value: <Name extends keyof Values>(name: Name) => RawBuilder<Values[Name]>,
  ) => Buildable<Row>,
): Query<Values, Row> {
  let compiled: CompiledQuery<Row> | undefined;
  return async (trx, values) => {
    compiled ??= build(trx, (name) => sql`${new Placeholder(name)}`).compile(trx);
    const parameters = compiled.parameters.map((parameter) =>
      parameter instanceof Placeholder ? (values as Record<PropertyKey, unknown>)[parameter.name] : parameter,
    );
    const run = findStatementRunner(trx);
    const { rows } = run
      ? await run(compiled.sql, parameters)
      : await trx.executeQuery<Row>({ ...compiled, parameters });
    return rows as Row[];
  };
}

/**
 * A list of ids in a statement, or its place in one of `defineQuery`: `id = any(${idList(value('ids'))})`. It is a subquery, so that PostgreSQL expects
 * ten ids whatever the list is. Of a bare parameter it sees the length, takes a plan for a shorter list to be cheaper than the one that it
 * keeps, and plans the statement at each call: for a list of one, that takes three times as long as to run it.
 */
export function idList(
  ids: readonly string[] | RawBuilder<readonly string[]>,
): RawBuilder<readonly string[]> {
  // With a cast behind it, `any (select …)` is no comparison with each row of the subquery.
  return sql`(select ${ids}::uuid[])::uuid[]`;
}
