/** The server gives no sign of life, or an answer was lost on the way. Whether a statement ran is not known. */
export class DatabaseSilentError extends Error {
  override readonly name = 'DatabaseSilentError';
}

/** No connection became free in time: others hold them all, or this caller holds its share. */
export class PoolBusyError extends Error {
  override readonly name = 'PoolBusyError';
}

/** A pooler is in front of a server that must be reached itself. The message is a line for the operator. */
export class PoolerError extends Error {
  override readonly name = 'PoolerError';
}
