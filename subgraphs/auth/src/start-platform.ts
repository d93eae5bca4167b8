import {
  createDatabase,
  createSampledAudit,
  type Database,
  makeAuditPartitions,
  openProcessDatabase,
  type ProcessDatabase,
  pruneAuditLog,
  pruneWith,
  startAuditSealer,
  startAuditVerifier,
  startHousekeeping,
} from '@signet/db';
import { createPeppers, type PasswordScheme, passwordSchemes } from '@signet/db/password-hash';
import type { Platform } from '@signet/schema/contract';
import { createSampler, type Logger, type ProcessMetrics } from '@signet/service';
import type { RevocationFeed } from '@signet/session';
import { measurePool } from '@signet/subgraph/define';
import type { ServiceMetrics } from '@signet/telemetry';
import type { Tracing } from '@signet/telemetry/tracing';
import type { Kysely } from 'kysely';
import type { Account, PlatformTables } from './accounts/account.ts';
import { findPepperFaults } from './accounts/pepper-use.ts';
import { createFailedSignInAudit } from './audit/failed-sign-ins.ts';
import { startCustomerRequests } from './customer-requests/customer-requests.ts';
import { createDeviceTokens } from './devices/device-token.ts';
import { startFactorResets } from './factors/factor-resets.ts';
import { createFactorPolicy } from './factors/factor-settings.ts';
import type { KeyTiming } from './keys/key-plan.ts';
import { type KeyRing, openKeyRing } from './keys/key-ring.ts';
import { openLastingKeys } from './keys/lasting-keys.ts';
import type { SigningKey } from './keys/signing-key.ts';
import { createLaterWork } from './later-work.ts';
import type { SenderTiming } from './mail/mail-sender.ts';
import type { MailReader } from './mail/open-mail.ts';
import { openOutbox } from './mail/outbox.ts';
import { type PlatformMail, startMail } from './mail/start-mail.ts';
import { createOauthHandlers } from './oauth/oauth-handlers.ts';
import type { OauthHandlers } from './oauth/oauth-routes.ts';
import { readRelyingParty } from './passkeys/passkey-settings.ts';
import { openPasskeys } from './passkeys/passkeys.ts';
import { createPasswordWorkers, type PasswordWorkersOptions } from './passwords/password-workers.ts';
import { createRehash } from './passwords/rehash.ts';
import { type PersonDeskTiming, startPersonDesk } from './personal-data/person-desk.ts';
import type { PlatformIssuer } from './platform-issuer.ts';
import { getPlatformSettings, processNameOf } from './platform-settings.ts';
import { pruneRefusalRecords } from './refusals/refusal-records.queries.ts';
import { readServiceRules } from './services/service-settings.ts';
import type { AuthConfig } from './settings.ts';
import { assertNoSeededAccounts, assertStaffRoles, explainStartError } from './start-checks.ts';
import { type AuthMetrics, createAuthMetrics } from './telemetry/auth-metrics.ts';
import { openSignInThrottle } from './throttle/sign-in-throttle.ts';
import type { AccessTokenSigner } from './tokens/access-token-signer.ts';
import type { ImpersonatedTokenSigner } from './tokens/impersonated-token-signer.ts';
import type { Provider } from './upstream/providers-file.ts';
import { openUpstream, type Upstream } from './upstream/upstream.ts';
import { createUpstreamHandlers } from './upstream/upstream-routes.ts';
import { pruneUsage } from './usage/field-usage.queries.ts';

/** Settings for tests and the launcher, which no environment variable has. */
export type AuthOptions = {
  now?: () => Date;
  /** Shorter intervals in the life of a signing key. */
  keyTiming?: Partial<KeyTiming>;
  /** Jobs that may wait for a platform's hashing thread. */
  maxQueuedPasswords?: number;
  /** bcrypt cost of new hashes, and of the one that stands in for unknown accounts; must be that of the stored accounts. */
  passwordCost?: number | undefined;
  /** How the threads start that hash passwords. */
  startPasswordThreads?: PasswordWorkersOptions['startThreads'];
  /** Called for every comparison of a password. */
  onCompare?: (compare: { platform: Platform; cost: number }) => void;
  /** Called for every SQL statement. */
  onQuery?: (sql: string) => void;
  /** Shorter times of the sender of mails, and the authorities that it trusts. */
  mailTiming?: SenderTiming | undefined;
  /** Shorter times of what carries out wishes about personal data. */
  personTiming?: PersonDeskTiming | undefined;
  /** A feed that several servers share. */
  revocations?: RevocationFeed | undefined;
  /** Undefined where nobody scrapes them. */
  metrics?: ProcessMetrics | undefined;
};

type PlatformParts<P extends Platform, A extends Account> = {
  platform: P;
  tables: PlatformTables<A>;
  createSigner: (issuerUrl: string, key: SigningKey) => AccessTokenSigner<A>;
  createImpersonatedSigner?: (issuerUrl: string, key: SigningKey) => ImpersonatedTokenSigner;
};

/** What the process as a whole uses of a platform that it holds. */
export type PlatformResources = {
  platform: Platform;
  database: ProcessDatabase;
  keys: KeyRing;
  /** What mails say that are kept instead of sent. Undefined where mails are sent, or there are none. */
  readMail: MailReader | undefined;
  /** What it answers at the OAuth routes. */
  oauth: OauthHandlers;
  stop(): Promise<void>;
};

type Start = {
  config: AuthConfig;
  logger: Logger;
  options: AuthOptions;
  /** Those of all platforms. */
  providers: readonly Provider[];
  tracing: Tracing | undefined;
};

/** One connection seals the audit log, one verifies it, one deletes, one resets second factors, one carries out wishes about personal data. */
const upkeepConnections = 5;

/**
 * Opens a platform's database, reads or makes its keys, and builds its issuer. The platforms share nothing of this.
 *
 * @throws {ConfigError} naming the variable to change.
 */
export async function startPlatform<P extends Platform, A extends Account>(
  { platform, tables, createSigner, createImpersonatedSigner }: PlatformParts<P, A>,
  { config, logger, options, providers, tracing }: Start,
): Promise<PlatformResources & { issuer: PlatformIssuer<A> & { platform: P } }> {
  const settings = getPlatformSettings(config, platform);
  const { databaseUrl, directDatabaseUrl } = settings;
  const database = openProcessDatabase(databaseUrl, {
    name: `auth-${platform}`,
    log: logger,
    ...(options.onQuery && { onQuery: options.onQuery }),
  });
  const metrics = options.metrics?.of(processNameOf(config));
  const measured = metrics && createAuthMetrics(metrics, platform);
  const endMeasuring = measurePool(metrics, `auth-${platform}`, database.db);
  let keys: KeyRing | undefined;
  let mail: PlatformMail | undefined;
  let upstream: Upstream | undefined;
  try {
    const { db } = database;
    const ring = await openKeyRing({ settings, platform, logger, timing: options.keyTiming });
    keys = ring;
    measured?.watchKeys(ring);
    if (platform === 'portal') await assertStaffRoles(db);
    if (config.NODE_ENV === 'production') {
      await assertNoSeededAccounts({ db, tables, platform });
    }
    const { findTenantId } = database;
    const secrets = config.PASSWORD_PEPPER;
    upstream = await openUpstream({ platform, providers, secrets, findTenantId });
    const outbox = openOutbox(config, platform, config.PASSWORD_PEPPER);
    const timing = options.mailTiming;
    mail =
      outbox &&
      (await startMail(outbox, {
        platform,
        database,
        databaseUrl,
        directDatabaseUrl,
        config,
        logger,
        timing,
        onMail: measured?.onMail,
        tracing,
      }));
    const lasting = await openLastingKeys(db, platform, config.PASSWORD_PEPPER);
    const throttles = openSignInThrottle({
      config,
      key: lasting.throttle,
      platform,
      logger,
      databaseUrl,
      onThrottled: measured?.onThrottled,
    });
    const passwords = createPasswordWorkers({
      peppers: createPeppers(config.PASSWORD_PEPPER),
      logger,
      threads: settings.passwordThreads,
      startThreads: options.startPasswordThreads,
      maxQueued: options.maxQueuedPasswords,
      scheme: schemeOf(config, options),
      onCompare: (compare) => options.onCompare?.({ platform, ...compare }),
      onWait: measured?.onPasswordWait,
      onRefused: measured && (() => measured.onThrottled('queue')),
    });
    measured?.watchPasswords(passwords);
    const rehash = createRehash({ db, tables, passwords, logger });
    const samples = createSampledAudit({ db, platform, createSampler, log: logger });
    const later = createLaterWork(logger);
    const rowsPerMinute = config.AUDIT_FAILURES_PER_MINUTE;
    const issuer: PlatformIssuer<A> & { platform: P } = {
      platform,
      db,
      tables,
      passwords,
      rehash,
      throttle: throttles.throttle,
      devices: createDeviceTokens(lasting.device, config.THROTTLE_KNOWN_DEVICE_SECONDS),
      samples,
      auditFailedSignIn: createFailedSignInAudit({ db, platform, samples, rowsPerMinute }),
      lifetimes: settings.lifetimes,
      factors: createFactorPolicy(config, platform, config.PASSWORD_PEPPER),
      passkeys: openPasskeys(readRelyingParty(config, platform), platform, config.PASSWORD_PEPPER),
      signAccessToken: async (subject, times) =>
        createSigner(config.ISSUER_URL, await ring.getSigningKey())(subject, times),
      upstream,
      async signImpersonatedToken(subject, times) {
        if (!createImpersonatedSigner) throw new TypeError('Nobody is impersonated on this platform.');
        return createImpersonatedSigner(config.ISSUER_URL, await ring.getSigningKey())(subject, times);
      },
      impersonationSeconds: config.IMPERSONATION_SECONDS,
      later,
      mail: outbox,
      services: readServiceRules(config),
      deletionDays: config.ACCOUNT_DELETION_DAYS,
      log: logger,
      now: options.now ?? (() => new Date()),
    };
    const upkeep = startUpkeep({
      issuer,
      databaseUrl,
      config,
      logger,
      personTiming: options.personTiming,
      measured,
      metrics,
    });
    const requests = platform === 'user' ? await startCustomerRequests(issuer, logger) : undefined;
    const stop = async () => {
      measured?.stop();
      endMeasuring();
      await requests?.stop();
      await later.stop();
      await issuer.upstream.close();
      await mail?.stop();
      await rehash.settled();
      await passwords.close();
      await throttles.close();
      await issuer.samples.stop();
      await ring.stop();
      await upkeep.stop();
      await database.close();
    };
    const readMail = outbox?.isMailbox ? mail?.read : undefined;
    const oauth = {
      ...createOauthHandlers({
        issuer,
        ring,
        database,
        config,
        logger,
        onThrottled: measured?.onThrottled,
      }),
      ...createUpstreamHandlers({ issuer, logger }),
    };
    return { platform, issuer, database, keys: ring, readMail, oauth, stop };
  } catch (error) {
    await upstream?.close();
    await mail?.stop();
    await keys?.stop();
    await database.close();
    throw explainStartError(error, platform, databaseUrl);
  }
}

function schemeOf({ PASSWORD_ALGORITHM }: AuthConfig, { passwordCost }: AuthOptions): PasswordScheme {
  return PASSWORD_ALGORITHM === 'bcrypt' && passwordCost !== undefined
    ? { algorithm: 'bcrypt', cost: passwordCost }
    : passwordSchemes[PASSWORD_ALGORITHM];
}

/** Those people cannot get in, and the log would else say it only when one of them tries. */
async function warnOfLostPeppers(
  db: Kysely<Database>,
  platform: Platform,
  { config, logger }: Pick<Start, 'config' | 'logger'>,
): Promise<void> {
  try {
    const { lost, lostIds } = await findPepperFaults(db, platform, config.PASSWORD_PEPPER);
    if (lost > 0) {
      logger.error({ platform, lost, peppers: lostIds }, 'PASSWORD_PEPPER lacks peppers of stored passwords');
    }
  } catch (err) {
    logger.warn({ err, platform }, 'the peppers of stored passwords could not be counted');
  }
}

type UpkeepOptions<A extends Account> = {
  issuer: PlatformIssuer<A>;
  databaseUrl: string;
  config: AuthConfig;
  logger: Logger;
  personTiming: PersonDeskTiming | undefined;
  measured: AuthMetrics | undefined;
  metrics: ServiceMetrics | undefined;
};

/**
 * A platform's background work: each second it seals the new rows of the audit log, each hour it deletes expired rows (throttles delete
 * their own), it resets second factors as staff asked, and it carries out what customers asked about their data. On connections of its
 * own, so that a flood of sign-ins does not delay the seals. Replicas
 * take turns.
 */
function startUpkeep<A extends Account>({
  issuer,
  databaseUrl,
  config,
  logger,
  personTiming: timing,
  measured,
  metrics,
}: UpkeepOptions<A>): { stop(): Promise<void> } {
  const { platform } = issuer;
  const name = `auth-${platform}-upkeep`;
  const db = createDatabase(databaseUrl, {
    maxConnections: upkeepConnections,
    applicationName: `signet-${name}`,
    log: (line) => logger.warn({ database: name }, line),
  });
  const endMeasuring = measurePool(metrics, name, db);
  measured?.watchDatabase(db, { hasMail: issuer.mail !== undefined });
  const keys = config.AUDIT_KEY;
  const checked = warnOfLostPeppers(db, platform, { config, logger });
  const sealer = startAuditSealer({ db, platform, keys, log: logger });
  const verifier = startAuditVerifier({
    db,
    platform,
    keys,
    log: logger,
    everyHours: config.AUDIT_VERIFY_HOURS,
  });
  const resets = startFactorResets({ ...issuer, db }, logger);
  const housekeeping = startHousekeeping({
    db,
    name: `auth ${platform}`,
    log: logger,
    jobs: [
      pruneWith('refreshTokens', `auth.prune_${platform}_refresh_tokens`),
      pruneWith('sessions', `auth.prune_${platform}_sessions`),
      pruneWith('revocations', `auth.prune_${platform}_revocations`),
      pruneWith('proofNonces', `auth.prune_${platform}_proof_nonces`),
      pruneWith('reportSenders', `auth.prune_${platform}_report_senders`),
      pruneWith('mails', `auth.prune_${platform}_mails`),
      pruneWith('accountTokens', `auth.prune_${platform}_account_tokens`),
      ...(platform === 'portal' ? [pruneWith('invitations', 'auth.prune_portal_invitations')] : []),
      ...(platform === 'user' ? [pruneWith('staffRequests', 'auth.prune_user_requests')] : []),
      ...(platform === 'user' ? [pruneWith('impersonations', 'auth.prune_user_impersonations')] : []),
      ...(platform === 'user' ? [pruneWith('registrations', 'auth.prune_user_registrations')] : []),
      pruneWith('challenges', `auth.prune_${platform}_challenges`),
      pruneWith('begunTotps', `auth.prune_${platform}_begun_totps`),
      pruneWith('trustedDevices', `auth.prune_${platform}_trusted_devices`),
      pruneWith('factorResets', `auth.prune_${platform}_factor_resets`),
      pruneWith('devices', `auth.prune_${platform}_devices`),
      ...(platform === 'user' ? [pruneWith('accountExports', 'auth.prune_account_exports')] : []),
      pruneWith('usedPasskeyChallenges', `auth.prune_${platform}_used_passkey_challenges`),
      pruneWith('upstreamStates', `auth.prune_${platform}_upstream_states`),
      pruneWith('upstreamResults', `auth.prune_${platform}_upstream_results`),
      pruneWith('upstreamLogouts', `auth.prune_${platform}_upstream_logouts`),
      pruneWith('clientAssertions', `auth.prune_${platform}_client_assertions`),
      pruneWith('clientAddresses', `auth.prune_${platform}_client_addresses`),
      pruneUsage(config.USAGE_RETENTION_DAYS),
      pruneRefusalRecords(platform, config.REFUSAL_RECORD_DAYS),
      ...(platform === 'user'
        ? [pruneWith('customersMadeSearchable', 'auth.copy_customers_for_search')]
        : []),
      makeAuditPartitions(platform),
      pruneAuditLog({ platform, key: keys[0], retention: config.AUDIT_RETENTION_DAYS }),
    ],
  });
  // Staff are deactivated, never erased.
  const desk = platform === 'user' ? startPersonDesk({ db, issuer, logger, timing }) : undefined;
  return {
    async stop() {
      await desk?.stop();
      await checked;
      await resets.stop();
      await housekeeping.stop();
      await verifier.stop();
      await sealer.stop();
      endMeasuring();
      await db.destroy();
    },
  };
}
