import { createSampledAudit, openProcessDatabase, type ProcessDatabase } from '@signet/db';
import { createPepper } from '@signet/db/password-hash';
import type { Platform } from '@signet/schema/contract';
import { createSampler, type Logger } from '@signet/service';
import type { Account } from './accounts/account.ts';
import type { PlatformTables } from './accounts/platform-tables.ts';
import { assertNoSeededAccounts } from './assert-no-seeded-accounts.ts';
import type { AuthOptions } from './auth-options.ts';
import type { AuthConfig } from './config.ts';
import { explainStartError } from './explain-start-error.ts';
import { startUpkeep } from './housekeeping/start-upkeep.ts';
import type { PlatformIssuer } from './issuer/platform-issuer.ts';
import type { KeyRing } from './keys/key-ring.ts';
import { openKeyRing } from './keys/open-key-ring.ts';
import type { SigningKey } from './keys/signing-key.ts';
import { readPasswordThreads } from './passwords/password-thread-config.ts';
import { createPasswordWorkers } from './passwords/password-workers.ts';
import { getPlatformSettings } from './platform-settings.ts';
import { openSignInThrottle } from './throttle/open-sign-in-throttle.ts';
import type { AccessTokenSigner } from './tokens/access-token-signer.ts';

type PlatformParts<A extends Account> = {
  platform: Platform;
  tables: PlatformTables<A>;
  createSigner: (issuerUrl: string, key: SigningKey) => AccessTokenSigner<A>;
};

/** What the process as a whole does with a platform that it holds. */
export type PlatformResources = {
  platform: Platform;
  database: ProcessDatabase;
  keys: KeyRing;
  stop(): Promise<void>;
};

type Start = { config: AuthConfig; logger: Logger; options: AuthOptions };

/**
 * Opens a platform's database, reads (or makes) its keys, and puts together what signs in on it. Nothing of it is shared
 * with the other platform.
 *
 * @throws {ConfigError} naming the variable to change.
 */
export async function startPlatform<A extends Account>(
  { platform, tables, createSigner }: PlatformParts<A>,
  { config, logger, options }: Start,
): Promise<PlatformResources & { issuer: PlatformIssuer<A> }> {
  const settings = getPlatformSettings(config, platform);
  const database = openProcessDatabase(settings.databaseUrl, {
    name: `auth-${platform}`,
    log: logger,
    ...(options.onQuery && { onQuery: options.onQuery }),
  });
  let keys: KeyRing | undefined;
  try {
    const { db } = database;
    const ring = await openKeyRing({ settings, platform, logger, timing: options.keyTiming });
    keys = ring;
    if (config.NODE_ENV === 'production') {
      await assertNoSeededAccounts({ db, tables, platform });
    }
    const throttles = openSignInThrottle({ config, platform, logger, databaseUrl: settings.databaseUrl });
    const issuer: PlatformIssuer<A> = {
      platform,
      db,
      tables,
      passwords: createPasswordWorkers({
        pepper: createPepper(config.PASSWORD_PEPPER),
        logger,
        threads: readPasswordThreads(config, platform),
        maxQueued: options.maxQueuedPasswords,
        cost: options.passwordCost,
        onCompare: (compare) => options.onCompare?.({ platform, ...compare }),
      }),
      throttle: throttles.throttle,
      samples: createSampledAudit({ db, platform, createSampler, log: logger }),
      lifetimes: settings.lifetimes,
      signAccessToken: async (subject, times) =>
        createSigner(config.ISSUER_URL, await ring.getSigningKey())(subject, times),
      now: options.now ?? (() => new Date()),
    };
    const upkeep = startUpkeep({
      platform,
      databaseUrl: settings.databaseUrl,
      auditKey: config.AUDIT_KEY,
      logger,
    });
    const stop = async () => {
      await issuer.passwords.close();
      await throttles.close();
      await issuer.samples.stop();
      await ring.stop();
      await upkeep.stop();
      await database.close();
    };
    return { platform, issuer, database, keys: ring, stop };
  } catch (error) {
    await keys?.stop();
    await database.close();
    throw explainStartError(error, platform, settings.databaseUrl);
  }
}
