import { type Database, watchPool } from '@signet/db';
import type { ServiceMetrics } from '@signet/telemetry';
import type { Kysely } from 'kysely';

/** Shows the connections of a pool, and how long work waits for one. Returns a function that ends it. */
export function measurePool<DB = Database>(
  metrics: ServiceMetrics | undefined,
  name: string,
  db: Kysely<DB>,
): () => void {
  if (!metrics) return () => {};
  const pool = watchPool(db);
  const waits = metrics.histogram('signet_database_wait_seconds', name);
  pool.onConnect((ms) => waits.observe(ms / 1000));
  return metrics.sample('signet_database_connections', () =>
    Object.entries(pool.count()).map(([state, value]) => ({ labels: [name, state], value })),
  );
}
