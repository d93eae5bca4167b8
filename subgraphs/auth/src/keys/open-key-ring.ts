import type { Platform } from '@signet/schema/contract';
import type { Logger } from '@signet/service';
import type { KeyOrigin, Lifetimes, PlatformSettings } from '../platform-settings.ts';
import type { KeySettings } from './change-keys.ts';
import { openDatabaseKeyRing } from './database-key-ring.ts';
import type { KeyRing } from './key-ring.ts';
import { defaultKeyTiming, type KeyTiming } from './key-timing.ts';
import { openPemKeyRing } from './pem-key-ring.ts';

type OpenKeyRingOptions = {
  platform: Platform;
  settings: PlatformSettings;
  logger: Logger;
  timing?: Partial<KeyTiming> | undefined;
};

/**
 * The platform's keys, from where its configuration says they are.
 *
 * @throws {ConfigError} naming the variable to change.
 */
export function openKeyRing({ platform, settings, logger, timing }: OpenKeyRingOptions): Promise<KeyRing> {
  const { keys, lifetimes, databaseUrl } = settings;
  return keys.kind === 'pem'
    ? openPemKeyRing(platform, keys.pems)
    : openDatabaseKeyRing({
        databaseUrl,
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
    keyEncryptionKey: origin.keyEncryptionKey,
    signingAlgorithm: origin.signingAlgorithm,
    rotationSeconds: origin.rotationSeconds,
    tokenSeconds: accessTokenSeconds,
    timing: { ...defaultKeyTiming, ...timing },
  };
}
