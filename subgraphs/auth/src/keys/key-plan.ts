import { clockSkewSeconds, jwksMaxAgeSeconds } from '@signet/schema/contract';
import { addSeconds } from '../dates.ts';
import type { SigningKeyRow } from './signing-key.queries.ts';

/** The intervals of a key's life. Tests shorten them; an operator changes the rotation interval only. */
export type KeyTiming = {
  /** For how long a key is published before it signs. */
  publicationSeconds: number;
  /** How often a process reads the keys when nothing wakes it. */
  pollSeconds: number;
  /** A process that could not read the keys for this long signs nothing: another process may have rotated them. */
  staleSeconds: number;
  /** Replaces the database's clock. */
  now?: (() => Date) | undefined;
};

/** A verifier asks for an unknown kid at most once in this time (libs/session). */
const jwksCooldownSeconds = 30;
const staleSeconds = 30;

/**
 * A verifier's key set may be this old. An entrance refreshes its set in the background, so it may serve one of twice the
 * maximum age; a client of the entrance keeps that for the maximum age again; then comes the cooldown, and the auth process
 * that answered had read its keys a while before. The long wait costs nothing: the next key waits for weeks.
 */
export const defaultKeyTiming: KeyTiming = {
  publicationSeconds: 3 * jwksMaxAgeSeconds + jwksCooldownSeconds + staleSeconds,
  pollSeconds: 5,
  staleSeconds,
};

/** How long a key stays after its last token has expired: clocks differ, and other processes notice a rotation later. */
export function graceSeconds({ staleSeconds }: KeyTiming): number {
  return clockSkewSeconds + staleSeconds;
}

/** A step that is due. Steps are carried out in the order of the list. */
export type KeyStep =
  | { do: 'retire'; kid: string }
  | { do: 'promote'; kid: string; replacing: string | undefined }
  | { do: 'make'; state: 'active' | 'next' };

export type KeyPolicy = {
  publicationSeconds: number;
  /** 0: only when an operator asks. */
  rotationSeconds: number;
};

type PlannedRow = Pick<
  SigningKeyRow,
  'kid' | 'state' | 'published_at' | 'activated_at' | 'retire_at' | 'promote_at'
>;

/**
 * The steps that are due for a platform's keys. Afterwards one key signs and one waits, published: a rotation, and even a
 * revocation of the key that signs, moves to a key that every verifier has.
 */
export function planKeySteps(rows: readonly PlannedRow[], policy: KeyPolicy, now: Date): KeyStep[] {
  const steps: KeyStep[] = rows
    .filter(({ state, retire_at }) => state === 'retiring' && retire_at !== null && retire_at <= now)
    .map(({ kid }) => ({ do: 'retire', kid }));
  const active = rows.find(({ state }) => state === 'active');
  const next = rows.find(({ state }) => state === 'next');
  if (!active) {
    steps.push(
      next ? { do: 'promote', kid: next.kid, replacing: undefined } : { do: 'make', state: 'active' },
    );
  }
  const isPromoted = next !== undefined && (!active || isPromotionDue(active, next, policy, now));
  if (isPromoted && active) {
    steps.push({ do: 'promote', kid: next.kid, replacing: active.kid });
  }
  if (!next || isPromoted) {
    steps.push({ do: 'make', state: 'next' });
  }
  return steps;
}

/** When a key that is published may sign. */
export function signsFrom(
  next: Pick<PlannedRow, 'published_at'>,
  policy: Pick<KeyPolicy, 'publicationSeconds'>,
) {
  return addSeconds(next.published_at, policy.publicationSeconds);
}

function isPromotionDue(active: PlannedRow, next: PlannedRow, policy: KeyPolicy, now: Date): boolean {
  return signsFrom(next, policy) <= now && (rotationDueAt(active, next, policy) ?? Infinity) <= now;
}

/** When the next key takes over: as an operator asked, or by the interval. Undefined: only when an operator asks. */
export function rotationDueAt(
  active: Pick<PlannedRow, 'activated_at'>,
  next: Pick<PlannedRow, 'promote_at'>,
  { rotationSeconds }: Pick<KeyPolicy, 'rotationSeconds'>,
): Date | undefined {
  if (next.promote_at) {
    return next.promote_at;
  }
  return rotationSeconds > 0 && active.activated_at
    ? addSeconds(active.activated_at, rotationSeconds)
    : undefined;
}
