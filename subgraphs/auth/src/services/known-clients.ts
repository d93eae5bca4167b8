import { type Database, outsideRequests } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import { type Kysely, sql } from 'kysely';
import { LRUCache } from 'lru-cache';

/** From which addresses clients were themselves within the day, at whichever replica. */
export type KnownClients = {
  /** Asks the database about an address rarely: strangers cause it. False while the database gives no answer. */
  has(clientId: string, address: string | undefined): boolean | Promise<boolean>;
  /** Nothing waits for the row. */
  note(clientId: string, address: string | undefined): void;
  /** When all rows are written that were under way. */
  settled(): Promise<void>;
};

/** How often an address may be looked up, and how soon another replica's word holds here. */
const lookAgainMs = 5000;
/** A row is younger than a day for as long as the client comes back each hour. */
const writeAgainMs = 3600_000;
const dayMs = 24 * 3600_000;
const maxKept = 20_000;

type Options = {
  db: Kysely<Database>;
  platform: Platform;
  /** Milliseconds of a monotonic clock. */
  now?: () => number;
};

export function createKnownClients({ db, platform, now = () => performance.now() }: Options): KnownClients {
  const table = sql.id('auth', `${platform}_client_address`);
  /** When a client was itself here, and when that was written. */
  const own = new LRUCache<string, { seenAt: number; writtenAt: number }>({ max: maxKept });
  /** The clients of an address, as the database had them. */
  const shared = new LRUCache<string, { at: number; clients: Promise<ReadonlySet<string>> }>({
    max: maxKept,
  });
  const writing = new Set<Promise<void>>();
  const pairOf = (clientId: string, address: string) => `${clientId} ${address}`;
  const read = async (address: string): Promise<ReadonlySet<string>> => {
    const { rows } = await sql<{ id: string }>`
      select account_id as id from ${table}
      where address = ${address}::inet and seen_at > now() - interval '1 day' limit 1000`.execute(db);
    return new Set(rows.map(({ id }) => id));
  };
  const clientsOf = (address: string) => {
    const fresh = shared.get(address);
    if (fresh && now() - fresh.at < lookAgainMs) return fresh.clients;
    const clients = outsideRequests(() => read(address)).catch(() => new Set<string>());
    shared.set(address, { at: now(), clients });
    return clients;
  };
  const write = async (clientId: string, address: string) => {
    await sql`
      insert into ${table} (address, account_id) values (${address}::inet, ${clientId})
      on conflict (address, account_id) do update set seen_at = now()`.execute(db);
  };
  return {
    has(clientId, address) {
      if (address === undefined) return false;
      const seen = own.get(pairOf(clientId, address));
      if (seen && now() - seen.seenAt < dayMs) return true;
      return clientsOf(address).then((clients) => clients.has(clientId));
    },
    note(clientId, address) {
      if (address === undefined) return;
      const pair = pairOf(clientId, address);
      const seenAt = now();
      const seen = own.get(pair);
      if (seen) seen.seenAt = seenAt;
      if (seen && seenAt - seen.writtenAt < writeAgainMs) return;
      own.set(pair, { seenAt, writtenAt: seenAt });
      const done = outsideRequests(() => write(clientId, address))
        // The next token of the client tries again.
        .catch(() => void own.delete(pair))
        .finally(() => writing.delete(done));
      writing.add(done);
    },
    async settled() {
      await Promise.all(writing);
    },
  };
}
