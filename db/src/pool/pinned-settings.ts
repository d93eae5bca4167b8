/**
 * Settings that an answer depends on. What a connection asks for at its start has precedence over ALTER DATABASE and ALTER
 * ROLE, so a server with other defaults gives the same answers. With `DateStyle = 'SQL, DMY'` no time could be read:
 * mutations were committed and answered as a fault.
 */
const pinned = {
  // How values are written. pg parses the text.
  datestyle: 'ISO,MDY',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  extra_float_digits: '1',
  bytea_output: 'hex',
  // How statements are read.
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  transform_null_equals: 'off',
  search_path: 'public',
  // How transactions work. The code locks rows as READ COMMITTED needs it.
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  default_transaction_deferrable: 'off',
  row_security: 'on',
  synchronous_commit: 'on',
  // Limits beside our own.
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
};

/**
 * PostgreSQL notices that its client is gone when it reads or writes, so a statement that works for minutes would go on without anybody to
 * answer to. Those of requests end before that by their limit.
 */
const clientCheckMs = 2000;
const shortStatementMs = 60_000;

/** The limit of a transaction as a whole is four times that of a statement. In ms; 0 for none. */
export function settingsOf(statementTimeoutMs: number): Readonly<Record<string, string>> {
  return {
    ...pinned,
    statement_timeout: String(statementTimeoutMs),
    transaction_timeout: String(4 * statementTimeoutMs),
    ...((statementTimeoutMs === 0 || statementTimeoutMs > shortStatementMs) && {
      client_connection_check_interval: String(clientCheckMs),
    }),
  };
}

/** As a connection asks for them at its start. */
export function formatSettings(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value.replaceAll(' ', '\\ ')}`)
    .join(' ');
}

/** The URL without `options`, and these before ours: pg would take those of the URL alone, and the later one of two counts. */
export function splitOptions(url: string, ours: string): { connectionString: string; options: string } {
  if (!URL.canParse(url)) return { connectionString: url, options: ours };
  const parsed = new URL(url);
  const given = parsed.searchParams.get('options');
  if (given === null) return { connectionString: url, options: ours };
  parsed.searchParams.delete('options');
  return { connectionString: parsed.href, options: `${given} ${ours}` };
}
