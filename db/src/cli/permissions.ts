import { describePermissions } from '../access/permissions.ts';
import type { CommandContext } from './command-context.ts';

/** Prints every right; db/permissions.txt is what a database with all migrations prints. */
export async function permissions({ server, print }: CommandContext): Promise<void> {
  print((await describePermissions(server.adminUrl)).trimEnd());
}
