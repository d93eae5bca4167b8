import { addSeconds } from './key-timing.ts';
import type { SigningKeyRow } from './signing-key.queries.ts';

/** What is due. Carried out in this order. */
export type KeyStep =
  | { do: 'retire'; kid: string }
  | { do: 'promote'; kid: string; replacing: string | undefined }
  | { do: 'make'; state: 'active' | 'next' };

export type KeyPolicy = {
  publicationSeconds: number;
  /** 0: only by hand. */
  rotationSeconds: number;
};

type PlannedRow = Pick<
  SigningKeyRow,
  'kid' | 'state' | 'published_at' | 'activated_at' | 'retire_at' | 'promote_at'
>;

/**
 * What has to happen to a platform's keys now. There is always one that signs and one that waits, published: a rotation,
 * and even the revocation of the key that signs, then goes to a key that every verifier has.
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

/** When the next key is to take over: as an operator asked, or by the interval; undefined: when an operator asks. */
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
