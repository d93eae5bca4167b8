/** A failure that the operator can remove: its text is all that is shown. */
export class CliError extends Error {
  override readonly name = 'CliError';
}
