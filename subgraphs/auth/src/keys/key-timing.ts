import { clockSkewSeconds, jwksMaxAgeSeconds } from '@signet/schema/contract';

/** The intervals that a key's life is made of. Tests shorten them; an operator changes the rotation interval only. */
export type KeyTiming = {
  /** For how long a key is published before it signs. */
  publicationSeconds: number;
  /** How often a process reads the keys, beside when it is woken. */
  pollSeconds: number;
  /** A process that could not read the keys for so long signs nothing: another may have rotated meanwhile. */
  staleSeconds: number;
  /** In place of the database's clock. */
  now?: (() => Date) | undefined;
};

/** A verifier asks for an unknown kid once in so many seconds (libs/session). */
const jwksCooldownSeconds = 30;
const staleSeconds = 30;

/**
 * A key set may be this old before a verifier sees a new key: an entrance refreshes its own in the background, so it may give
 * out one of twice the maximum age; whoever asks the entrance keeps that for the maximum age again; then a cooldown, and
 * the auth process that answered had read its keys a while ago. It costs nothing: the next key waits for weeks.
 */
export const defaultKeyTiming: KeyTiming = {
  publicationSeconds: 3 * jwksMaxAgeSeconds + jwksCooldownSeconds + staleSeconds,
  pollSeconds: 5,
  staleSeconds,
};

/** How long after its last signature a key stays, beyond the life of a token: clocks differ, and others notice later. */
export function graceSeconds({ staleSeconds }: KeyTiming): number {
  return clockSkewSeconds + staleSeconds;
}

export function addSeconds(date: Date, seconds: number): Date {
  return new Date(date.getTime() + seconds * 1000);
}
