/** A command that is not as the usage says. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
