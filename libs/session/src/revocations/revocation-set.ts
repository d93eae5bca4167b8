import type { Platform } from '@signet/schema/contract';

export type Revocation = {
  kind: 'session' | 'signing_key';
  platform: Platform;
  /** A session's id, or a key's kid. */
  subject: string;
  /** Milliseconds since 1970; infinite for a key. */
  expiresAtMs: number;
};

/** The unexpired revocations. 20,000 take about 3 MB (bench/revocation-memory.ts). */
export class RevocationSet {
  readonly #expiries: Readonly<Record<Revocation['kind'], Readonly<Record<Platform, Map<string, number>>>>> =
    {
      session: { user: new Map(), portal: new Map() },
      signing_key: { user: new Map(), portal: new Map() },
    };

  /** Returns false for a known one. */
  add({ kind, platform, subject, expiresAtMs }: Revocation): boolean {
    const expiries = this.#expiries[kind][platform];
    const isNew = !expiries.has(subject);
    expiries.set(subject, expiresAtMs);
    return isNew;
  }

  has(kind: Revocation['kind'], platform: Platform, subject: string): boolean {
    return this.#expiries[kind][platform].has(subject);
  }

  /** Deletes expired revocations: every token that they concern has expired, too. */
  sweep(nowMs: number): void {
    for (const expiries of this.#maps()) {
      for (const [subject, expiresAtMs] of expiries) {
        if (expiresAtMs <= nowMs) expiries.delete(subject);
      }
    }
  }

  get size(): number {
    return this.#maps().reduce((sum, expiries) => sum + expiries.size, 0);
  }

  #maps(): Map<string, number>[] {
    return Object.values(this.#expiries).flatMap((byPlatform) => Object.values(byPlatform));
  }
}

/**
 * `unread`: nothing was read yet, so no token can be judged. `stale`: not read for so long that tokens of staff are no longer
 * accepted; tokens of customers are, until they expire.
 */
export type RevocationState = 'unread' | 'current' | 'stale';

/** What is revoked, answered from memory: a verifier asks at every request. */
export type RevocationSource = {
  isSessionRevoked(platform: Platform, sessionId: string): boolean;
  isKeyRevoked(platform: Platform, kid: string): boolean;
  state(): RevocationState;
  /** Calls `listener` for each signing key that becomes revoked. */
  onKeyRevoked(listener: (platform: Platform, kid: string) => void): void;
};

/** For a process without a feed: tests, and development. A logout then ends only the refreshing of tokens. */
export const nothingRevoked: RevocationSource = Object.freeze({
  isSessionRevoked: () => false,
  isKeyRevoked: () => false,
  state: () => 'current',
  onKeyRevoked: () => {},
});
