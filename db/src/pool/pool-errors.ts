/** The server gives no sign of life, or an answer was lost on the way. Whether a statement ran is not known. */
export class DatabaseSilentError extends Error {
  override readonly name = 'DatabaseSilentError';
}

/** No connection became free in time: others hold them all, or this caller holds its share. */
export class PoolBusyError extends Error {
  override readonly name = 'PoolBusyError';
}
