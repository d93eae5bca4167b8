import type { SigningKeysQuery } from '../operations.generated.ts';
import { formatDateTime } from '../texts/index.ts';
import { keys as say } from './texts.ts';

export type KeySet = NonNullable<SigningKeysQuery['signingKeys']>[number];
export type Key = KeySet['keys'][number];

export function nameOfSide({ side }: Pick<KeySet, 'side'>): string {
  return side === 'USER' ? say.sideUser : say.sidePortal;
}

export function stateOf({ state, revokedAt }: Key): string {
  if (revokedAt) return say.revoked;
  return state ? say.states[state] : say.published;
}

/** What a key does, did and will do, in a line. */
export function describe(key: Key): string {
  const at = (write: (time: string) => string, time: string | null | undefined) =>
    time ? write(formatDateTime(time)) : undefined;
  return [
    key.algorithm,
    key.isImported && key.publishedAt ? say.imported : undefined,
    at(say.since, key.publishedAt),
    at(key.state === 'ACTIVE' ? say.signsSince : say.signed, key.signsSince),
    key.state === 'NEXT' ? (at(say.takesOver, key.takesOverAt) ?? say.waits) : undefined,
    at(key.state === 'RETIRED' ? say.left : say.leaves, key.revokedAt ? undefined : key.leavesAt),
    at(say.revokedAt, key.revokedAt),
  ]
    .filter(Boolean)
    .join(' · ');
}
