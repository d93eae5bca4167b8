import { randomBytes } from 'node:crypto';
import { createLogger, type Logger } from '@signet/service';
import type { TestDatabase } from '@signet/testing';
import type { KeySettings } from './change-keys.ts';
import { openDatabaseKeyRing } from './database-key-ring.ts';
import { defaultKeyTiming } from './key-plan.ts';
import type { KeyRing } from './key-ring.ts';

const day = 24 * 3600;

/** A clock that a test moves; every replica of the test reads it. */
export type TestClock = { now: Date; forward(seconds: number): void };

export function createTestClock(): TestClock {
  return {
    now: new Date('2026-01-01T00:00:00Z'),
    forward(seconds) {
      this.now = new Date(this.now.getTime() + seconds * 1000);
    },
  };
}

/** Intervals as in production; the ring polls ten times a second, so that a test need not wait. */
export function testKeySettings(clock: TestClock, changes: Partial<KeySettings> = {}): KeySettings {
  return {
    platform: 'user',
    keyEncryptionKeys: [Buffer.alloc(32, 1)],
    timing: { ...defaultKeyTiming, pollSeconds: 0.1, now: () => clock.now },
    rotationSeconds: 30 * day,
    tokenSeconds: 900,
    signingAlgorithm: undefined,
    ...changes,
  };
}

export function openTestRing(
  database: TestDatabase,
  settings: KeySettings,
  logger: Logger = createLogger('test', 'silent'),
): Promise<KeyRing> {
  const role = settings.platform === 'user' ? 'signet_auth_user' : 'signet_auth_portal';
  return openDatabaseKeyRing({
    databaseUrl: database.urlOf(role),
    directDatabaseUrl: database.urlOf(role),
    settings,
    logger,
  });
}

export function kidsOf(ring: KeyRing): string[] {
  return ring.listPublished().map(({ kid }) => kid);
}

export function randomKeyEncryptionKey(): Buffer {
  return randomBytes(32);
}
