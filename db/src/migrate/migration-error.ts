/** A migration failed, and with it the whole run: the data is as it was. Names the migration in its text. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}
