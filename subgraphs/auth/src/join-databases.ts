import { databaseErrorToReason, type ProcessDatabase, untilDeadline } from '@signet/db';
import type { SubgraphDatabase } from '@signet/subgraph';

/** The pools of the platforms that a process holds, as one for its server. Any of them knows the tenants. */
export function joinDatabases(
  databases: readonly ProcessDatabase[],
  close: () => Promise<void>,
): SubgraphDatabase {
  return {
    findTenantId: async (slug) => databases[0]?.findTenantId(slug),
    async checkReady() {
      const faults = await Promise.all(databases.map((database) => database.checkReady()));
      return faults.find((fault) => fault !== undefined);
    },
    classifyError: databaseErrorToReason,
    untilDeadline,
    close,
  };
}
