import { createDatabase, pruneWith, startAuditSealer, startHousekeeping } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import type { Logger } from '@signet/service';

type UpkeepOptions = { platform: Platform; databaseUrl: string; auditKey: Uint8Array; logger: Logger };

/** One seals, one deletes. */
const connections = 2;

/**
 * What a platform's process does beside answering: each second it seals what the audit log got, and each hour it deletes what
 * has expired (throttles look after their own rows). On connections of its own, so that a flood of sign-ins does not hold up
 * the seals. Replicas take turns.
 */
export function startUpkeep({ platform, databaseUrl, auditKey, logger }: UpkeepOptions): {
  stop(): Promise<void>;
} {
  const name = `auth-${platform}-upkeep`;
  const db = createDatabase(databaseUrl, {
    maxConnections: connections,
    applicationName: `signet-${name}`,
    log: (line) => logger.warn({ database: name }, line),
  });
  const sealer = startAuditSealer({ db, platform, key: auditKey, log: logger });
  const housekeeping = startHousekeeping({
    db,
    name: `auth ${platform}`,
    log: logger,
    jobs: [
      pruneWith('refreshTokens', `auth.prune_${platform}_refresh_tokens`),
      pruneWith('sessions', `auth.prune_${platform}_sessions`),
      pruneWith('revocations', `auth.prune_${platform}_revocations`),
      pruneWith('proofNonces', `auth.prune_${platform}_proof_nonces`),
    ],
  });
  return {
    async stop() {
      await housekeeping.stop();
      await sealer.stop();
      await db.destroy();
    },
  };
}
