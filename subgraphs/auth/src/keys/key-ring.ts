import type { Platform } from '@signet/schema/contract';
import { ConfigError, type Logger } from '@signet/service';
import type { KeyOrigin, Lifetimes, PlatformSettings } from '../platform-settings.ts';
import type { KeySettings } from './change-keys.ts';
import { openDatabaseKeyRing } from './database-key-ring.ts';
import { defaultKeyTiming, type KeyTiming } from './key-plan.ts';
import { openPemKeyRing } from './pem-keys.ts';
import type { PublicKey, SigningKey } from './signing-key.ts';

/** A platform's keys as they are now: the one that signs, and those that verify its tokens. */
export type KeyRing = {
  platform: Platform;
  /** The variable to name where the two platforms share a key. */
  variable: string;
  /** @throws {RefusalError} auth.unavailable when this process cannot know which key signs. */
  getSigningKey(): Promise<SigningKey>;
  /** All keys whose tokens are accepted now, the published key that does not sign yet among them. */
  listPublished(): readonly PublicKey[];
  /** How old the youngest key of each state is. Nobody knows of keys of the configuration. */
  listAges(): readonly { state: string; seconds: number }[];
  /** The reason why it cannot sign, or nothing. It is shown to strangers. */
  checkReady(): Promise<string | undefined>;
  stop(): Promise<void>;
};

type OpenKeyRingOptions = {
  platform: Platform;
  settings: PlatformSettings;
  logger: Logger;
  timing?: Partial<KeyTiming> | undefined;
};

/**
 * Opens the platform's keys from where its configuration keeps them.
 *
 * @throws {ConfigError} naming the variable to change.
 */
export function openKeyRing({ platform, settings, logger, timing }: OpenKeyRingOptions): Promise<KeyRing> {
  const { keys, lifetimes, databaseUrl, directDatabaseUrl } = settings;
  return keys.kind === 'pem'
    ? openPemKeyRing(platform, keys.pems)
    : openDatabaseKeyRing({
        databaseUrl,
        directDatabaseUrl,
        settings: createKeySettings(platform, keys, lifetimes, timing),
        logger,
      });
}

export function createKeySettings(
  platform: Platform,
  origin: Extract<KeyOrigin, { kind: 'database' }>,
  { accessTokenSeconds }: Pick<Lifetimes, 'accessTokenSeconds'>,
  timing: Partial<KeyTiming> = {},
): KeySettings {
  return {
    platform,
    keyEncryptionKeys: origin.keyEncryptionKeys,
    signingAlgorithm: origin.signingAlgorithm,
    rotationSeconds: origin.rotationSeconds,
    tokenSeconds: accessTokenSeconds,
    timing: { ...defaultKeyTiming, ...timing },
  };
}

/**
 * A key in both sets would let a customer's token pass as a token of staff.
 *
 * @throws {ConfigError}
 */
export function assertDisjointKeys(user: KeyRing | undefined, portal: KeyRing | undefined): void {
  const kids = new Set(user?.listPublished().map(({ kid }) => kid));
  const shared = portal?.listPublished().find(({ kid }) => kids.has(kid));
  if (shared) {
    throw new ConfigError([
      `${portal?.variable}: the portal uses a key of the platform 'user' (${shared.kid}); the platforms must not share keys`,
    ]);
  }
}
