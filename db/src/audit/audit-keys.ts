import { createHash } from 'node:crypto';

/** AUDIT_KEY in its generations: the first is in use, the others made earlier seals, or are to make the next ones. */
export type AuditKeys = readonly [Uint8Array, ...Uint8Array[]];

/** Stands beside each seal, so that its key is known among several. Nothing of the key follows from it. */
export function auditKeyId(key: Uint8Array): string {
  return createHash('sha256').update('signet audit key id').update(key).digest('hex').slice(0, 16);
}

/** Those that may have made a seal: the one of its id, or any where the seal is from before seals had one. */
export function findAuditKeys(keys: readonly Uint8Array[], keyId: string | null): readonly Uint8Array[] {
  return keyId === null ? keys : keys.filter((key) => auditKeyId(key) === keyId);
}
