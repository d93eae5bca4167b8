import type { Platform } from '@signet/schema/contract';
import type { Kysely } from 'kysely';
import type { AuditPruningTable, AuditSealTable, Database } from '../tables.ts';
import { auditKeyId, findAuditKeys } from './audit-keys.ts';
import { digestEvents, listPrunings, listSeals, listUnsealed } from './audit-seals.queries.ts';
import { computePruningMac, computeSealMac, type SealReference } from './audit-seals.ts';

type VerifyOptions = {
  db: Kysely<Database>;
  platform: Platform;
  /** All under which seals were made, in any order. */
  keys: readonly Uint8Array[];
  /** The last seal in the process log: without it, nobody can see that the end was cut off. */
  lastSeal?: SealReference | undefined;
};
export type Verification = {
  platform: Platform;
  seals: number;
  events: number;
  /** Rows that were deleted since their time was over. All seals are there, and cover them still. */
  pruned: number;
  /** From this seal on no row is pruned. */
  completeFrom: number;
  faults: string[];
  /** The keys under which the seals were made, in their order, with the number of the first seal of each. */
  keys: { id: string; from: number }[];
  /** Ids of keys that made seals and are not among those given: those seals could not be checked. */
  missingKeys: string[];
  /** The last one that is there. */
  lastSeal?: SealReference;
};

const sealsAtOnce = 50;
const maxUnsealedNamed = 100;

/** Reads a platform's whole chain and says what was changed, taken out, moved, added or cut off. */
export async function verifyAuditLog({ db, platform, keys, lastSeal }: VerifyOptions): Promise<Verification> {
  const result: Verification = {
    platform,
    seals: 0,
    events: 0,
    pruned: 0,
    completeFrom: 1,
    faults: [],
    keys: [],
    missingKeys: [],
  };
  let last: { number: number; mac: Buffer | null } = { number: 0, mac: null };
  for (;;) {
    const seals = await listSeals(db, platform, { after: last.number, most: sealsAtOnce });
    if (seals.length === 0) break;
    const prunings = await listPrunings(
      db,
      platform,
      seals.map(({ number }) => number),
    );
    const recorded = new Set(prunings.flatMap(({ event_ids }) => event_ids));
    const stored = await digestEvents(
      db,
      seals.flatMap(({ event_ids }) => event_ids),
      (id) => recorded.has(id),
    );
    const digests = new Map(stored.map(({ id, digest }) => [id, digest]));
    for (const seal of seals) {
      const own = prunings.filter((pruning) => pruning.seal === seal.number);
      const forged = own.filter((pruning) => !isPruning(pruning, seal, keys));
      const pruned = new Set(
        own.filter((pruning) => !forged.includes(pruning)).flatMap((one) => one.event_ids),
      );
      result.faults.push(...findPlaceFaults(seal, last));
      const key = findAuditKeys(keys, seal.key_id).find((one) => computeMac(one, seal).equals(seal.mac));
      result.faults.push(...(key ? noteKey(result.keys, seal, key) : explainSeal(seal, keys)));
      if (!key && seal.key_id !== null && findAuditKeys(keys, seal.key_id).length === 0)
        result.missingKeys = [...new Set([...result.missingKeys, seal.key_id])];
      result.faults.push(...findRowFaults(seal, digests, pruned));
      for (const { pruned_at } of forged) {
        result.faults.push(
          `the record of ${pruned_at.toISOString()} of rows pruned from ${nameOf(seal)} was made or changed without AUDIT_KEY`,
        );
      }
      if (pruned.size > 0) {
        result.pruned += pruned.size;
        result.completeFrom = seal.number + 1;
      }
      if (lastSeal?.number === seal.number && lastSeal.mac !== seal.mac.toString('hex')) {
        result.faults.push(`${nameOf(seal)} is not the one that the log names`);
      }
      result.seals += 1;
      result.events += seal.event_ids.length;
      last = seal;
      result.lastSeal = { platform, number: seal.number, mac: seal.mac.toString('hex') };
    }
  }
  if (lastSeal && lastSeal.number > last.number) {
    const from = last.number + 1;
    result.faults.push(
      `cut off: the log names ${platform} seal ${lastSeal.number}, but ${spanOf(from, lastSeal.number)} and their rows are gone`,
    );
  }
  for (const id of await listUnsealed(db, platform, maxUnsealedNamed)) {
    result.faults.push(
      `row ${id} is in no ${platform} seal: it was added past the sealer, or its seal is gone`,
    );
  }
  return result;
}

function findPlaceFaults(seal: AuditSealTable, last: { number: number; mac: Buffer | null }): string[] {
  if (seal.number !== last.number + 1)
    return [`missing: ${seal.platform} ${spanOf(last.number + 1, seal.number - 1)}`];
  return areEqual(seal.previous, last.mac)
    ? []
    : [`${nameOf(seal)} does not follow the seal before it: that one was replaced`];
}

function computeMac(key: Uint8Array, seal: AuditSealTable): Buffer {
  return computeSealMac(key, {
    platform: seal.platform,
    number: seal.number,
    sealedAt: seal.sealed_at,
    previous: seal.previous,
    events: seal.event_ids.map((id, index) => ({ id, digest: seal.digests[index] ?? Buffer.alloc(0) })),
  });
}

/** Whether a key that made the seal is there, and the seal is not as that key made it. */
export function isSealChanged(seal: AuditSealTable, keys: readonly Uint8Array[]): boolean {
  if (seal.key_id === null) return false;
  const own = findAuditKeys(keys, seal.key_id);
  return own.length > 0 && !own.some((key) => computeMac(key, seal).equals(seal.mac));
}

/** Adds the key to those of the chain so far. A key that was left for another one must not come back. */
function noteKey(known: Verification['keys'], seal: AuditSealTable, key: Uint8Array): string[] {
  const id = auditKeyId(key);
  if (known.at(-1)?.id === id) return [];
  const isBack = known.some((one) => one.id === id);
  known.push({ id, from: seal.number });
  return isBack
    ? [`${nameOf(seal)} was made under the earlier AUDIT_KEY ${id} after a later one had taken over`]
    : [];
}

/** Of a seal whose MAC none of the keys gives. */
function explainSeal(seal: AuditSealTable, keys: readonly Uint8Array[]): string[] {
  const moved = seal.event_ids.find((id, index) => index > 0 && id <= (seal.event_ids[index - 1] ?? ''));
  if (moved !== undefined) return [`${nameOf(seal)} was reordered: row ${moved} is out of its place`];
  return findAuditKeys(keys, seal.key_id).length > 0
    ? [`${nameOf(seal)} was changed, or sealed with another AUDIT_KEY`]
    : [`${nameOf(seal)} was made under the AUDIT_KEY ${seal.key_id}, which is not among those given`];
}

function isPruning(
  { seal, pruned_at, event_ids, mac, key_id }: AuditPruningTable,
  of: AuditSealTable,
  keys: readonly Uint8Array[],
) {
  const { platform, mac: sealMac } = of;
  const pruning = { platform, seal, sealMac, prunedAt: pruned_at, ids: event_ids };
  return findAuditKeys(keys, key_id).some((key) => computePruningMac(key, pruning).equals(mac));
}

/** Compares the rows that a seal covers with `digests`, those of the rows as they are now. `pruned` may be gone. */
function findRowFaults(
  seal: AuditSealTable,
  digests: ReadonlyMap<string, Buffer>,
  pruned: ReadonlySet<string>,
): string[] {
  return seal.event_ids.flatMap((id, index) => {
    const digest = digests.get(id);
    if (!digest && pruned.has(id)) return [];
    if (!digest) return [`row ${id} of ${nameOf(seal)} is missing`];
    const isSealed = seal.digests[index]?.equals(digest) === true;
    return isSealed ? [] : [`row ${id} of ${nameOf(seal)} was changed`];
  });
}

function nameOf({ platform, number, sealed_at }: AuditSealTable): string {
  return `${platform} seal ${number} of ${sealed_at.toISOString()}`;
}

function spanOf(from: number, to: number): string {
  return from === to ? `seal ${from}` : `seals ${from} to ${to}`;
}

function areEqual(a: Buffer | null, b: Buffer | null): boolean {
  return a === null || b === null ? a === b : a.equals(b);
}
