import { createHash, createHmac } from 'node:crypto';
import type { Platform } from '@signet/schema/contract';

/** A row's id and the digest of its canonical text. */
export type SealedEvent = { id: string; digest: Buffer };

export type Seal = {
  platform: Platform;
  number: number;
  sealedAt: Date;
  events: readonly SealedEvent[];
  /** The MAC of the seal before; null for the first. */
  previous: Buffer | null;
};

/** SHA-256 of the text that `canonicalEvent` gives. */
export function digestEvent(canonical: string): Buffer {
  return createHash('sha256').update(canonical).digest();
}

/** HMAC-SHA-256 over all of a seal, and so, by `previous`, over every seal before it. */
export function computeSealMac(
  key: Uint8Array,
  { platform, number, sealedAt, events, previous }: Seal,
): Buffer {
  const mac = createHmac('sha256', key);
  mac.update(`signet-audit-seal/1\n${platform}\n${number}\n${sealedAt.toISOString()}\n`);
  mac.update(`${previous?.toString('hex') ?? '-'}\n`);
  for (const { id, digest } of events) {
    mac.update(`${id} ${digest.toString('hex')}\n`);
  }
  return mac.digest();
}

export type Pruning = {
  platform: Platform;
  /** Number and MAC of the seal that covers the rows. */
  seal: number;
  sealMac: Buffer;
  prunedAt: Date;
  /** The rows that were deleted since their time was over. */
  ids: readonly string[];
};

/** HMAC-SHA-256 over a record of pruned rows: without AUDIT_KEY nobody can say of a row that it had expired. */
export function computePruningMac(
  key: Uint8Array,
  { platform, seal, sealMac, prunedAt, ids }: Pruning,
): Buffer {
  const mac = createHmac('sha256', key);
  mac.update(`signet-audit-pruning/1\n${platform}\n${seal}\n${sealMac.toString('hex')}\n`);
  mac.update(`${prunedAt.toISOString()}\n`);
  for (const id of ids) mac.update(`${id}\n`);
  return mac.digest();
}

/** As it stands in the log and as `audit verify --last-seal` takes it. */
export type SealReference = { platform: Platform; number: number; mac: string };

export function formatSealReference({ platform, number, mac }: SealReference): string {
  return `${platform}:${number}:${mac}`;
}

/** Undefined where the text is no such reference. */
export function parseSealReference(text: string): SealReference | undefined {
  const match = /^(user|portal):([1-9]\d{0,14}):([0-9a-f]{64})$/.exec(text);
  return match
    ? { platform: match[1] as Platform, number: Number(match[2]), mac: match[3] as string }
    : undefined;
}
