import { createDatabase, migrationStatus } from '@signet/db';
import { DatabaseStartError } from '@signet/db/embedded';
import { openProofIdentity } from '@signet/proof';
import { jwksPathOf, type Platform, platforms } from '@signet/schema/contract';
import { ConfigError, createLogger, type Environment, loadConfig } from '@signet/service';
import { getPlatformSettings, heldPlatforms, prefixOf, processNameOf } from '../platform-settings.ts';
import { type AuthConfig, authConfigSchema } from '../settings.ts';
import { explainStartError } from '../start-checks.ts';
import { checkCertificate } from './check-certificate.ts';
import { checkClock, checkRole, checkSeededAccounts, checkStaffRoles } from './check-database.ts';
import { checkEmails } from './check-emails.ts';
import { checkJwks, checkKeys } from './check-keys.ts';
import { checkProxy } from './check-proxy.ts';
import { checkRevocations, checkRunning } from './check-running.ts';
import { checkPeppers } from './check-secrets.ts';
import { type Finding, note, ok, wrong } from './finding.ts';
import { type OperatorEnvironment, openOperatorEnvironment } from './operator-environment.ts';

export { checkProcesses } from './check-running.ts';
export { type Finding, formatFinding } from './finding.ts';

/**
 * Looks at a deployment as its auth process would find it: with the variables of one, or the local platform of `npm start`.
 * Changes nothing.
 */
export async function diagnose(env: Environment): Promise<Finding[]> {
  let environment: OperatorEnvironment | undefined;
  try {
    environment = await openOperatorEnvironment(env);
    const config: AuthConfig = loadConfig(authConfigSchema, environment.env);
    return [
      ok('configuration', describeConfig(config, environment)),
      ...(await checkProof(config, environment.local !== undefined)),
      ...(await checkMigrations(env, environment)),
      ...(await checkPlatforms(config, environment)),
      ...(await checkCertificate(config.ISSUER_URL)),
      ...(await checkRevocations(config)),
      ...(await checkRunning(config, environment)),
    ];
  } catch (error) {
    return explain(error);
  } finally {
    await environment?.close();
  }
}

function explain(error: unknown): Finding[] {
  if (error instanceof ConfigError) {
    return error.faults.map((fault) => wrong('configuration', fault, 'Set it, then run this again.'));
  }
  if (error instanceof DatabaseStartError) {
    return [wrong('database', error.message, 'Then run this again.')];
  }
  throw error;
}

function describeConfig(config: AuthConfig, { local }: OperatorEnvironment): string {
  const place = local ? `the platform in ${local.home}` : `an auth process (${config.NODE_ENV})`;
  return `complete, for ${place}; signs for ${heldPlatforms(config).join(' and ')}`;
}

/** Whether auth can tell which requests a gateway sent: its own proof keys, their mode, and what others know of them. */
async function checkProof(config: AuthConfig, isLocal: boolean): Promise<Finding[]> {
  const { REQUIRE_PROOF, PROOF_KEY_FILE: keyFile, PROOF_PEERS_FILE: peersFile } = config;
  if (!REQUIRE_PROOF || keyFile === undefined || peersFile === undefined) {
    return [note('proof keys', 'REQUIRE_PROOF=no: everybody who reaches auth counts as a gateway')];
  }
  const name = processNameOf(config);
  const logger = createLogger('doctor', 'silent');
  try {
    const identity = await openProofIdentity({ name, keyFile, peersFile, logger });
    identity.stop();
    return [ok('proof keys', `${name} has its own, and peers.json knows them`)];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const advice = isLocal
      ? 'npm start makes the set where there is none: move the broken one away.'
      : 'docs/proof.md says what the files hold; npx signet keys proof list looks at the whole set.';
    return error.faults.map((fault) => wrong('proof keys', fault, advice));
  }
}

/** Only an administrator may read which migrations ran; an auth process would notice what it lacks itself. */
async function checkMigrations(env: Environment, { local }: OperatorEnvironment): Promise<Finding[]> {
  const adminUrl = local?.adminUrl ?? env.DATABASE_URL;
  if (!adminUrl) {
    return [];
  }
  const states = await migrationStatus(adminUrl);
  const missing = states.filter(({ executedAt }) => executedAt === undefined);
  const changed = states.filter(({ hasChanged }) => hasChanged);
  return [
    ...changed.map(({ name }) =>
      wrong(
        'migrations',
        `${name} was changed after this database had run it, so the database has what it said before`,
        `compare the two ('git log' of its file), make the difference by hand, then npm run db -- accept-migration ${name}.`,
      ),
    ),
    missing.length > 0
      ? wrong(
          'migrations',
          `not applied: ${missing.map(({ name }) => name).join(', ')}`,
          'npm run db -- migrate, or restart npm start.',
        )
      : ok('migrations', 'all applied'),
  ];
}

async function checkPlatforms(config: AuthConfig, environment: OperatorEnvironment): Promise<Finding[]> {
  const held = heldPlatforms(config);
  const seen = new Map<string, Platform>();
  const findings: Finding[] = [];
  for (const platform of platforms) {
    const result = held.includes(platform)
      ? await checkHeldPlatform(config, platform)
      : { kids: [], findings: [] };
    findings.push(...result.findings);
    for (const kid of result.kids) {
      if (seen.has(kid)) {
        findings.push(wrong('keys', `${kid} is a key of both platforms`, 'Give each its own.'));
      }
      seen.set(kid, platform);
    }
    findings.push(...(await checkKeySets(config, platform, result.kids, environment)));
  }
  return findings;
}

async function checkHeldPlatform(config: AuthConfig, platform: Platform) {
  const { databaseUrl, keys } = getPlatformSettings(config, platform);
  const db = createDatabase(databaseUrl, { maxConnections: 1, applicationName: 'signet-doctor' });
  const findings: Finding[] = [];
  try {
    findings.push(await checkRole(db, platform), await checkClock(db, platform));
    findings.push(...(await checkProxy(db, platform, config.ISSUER_URL)));
    if (config.NODE_ENV === 'production') {
      findings.push(await checkSeededAccounts(db, platform));
    }
    if (platform === 'portal') findings.push(...(await checkStaffRoles(db)));
    findings.push(...(await checkEmails(db, platform)));
    findings.push(await checkPeppers(db, platform, config));
    const checked = await checkKeys(db, platform, keys);
    return { kids: checked.kids, findings: [...findings, ...checked.findings] };
  } catch (error) {
    const explained = explainStartError(error, platform, databaseUrl);
    return { kids: [], findings: [...findings, ...explainPlatform(explained, platform)] };
  } finally {
    await db.destroy();
  }
}

function explainPlatform(error: unknown, platform: Platform): Finding[] {
  if (error instanceof ConfigError) {
    return error.faults.map((fault) =>
      wrong(platform, fault, 'Nothing else of this platform was looked at.'),
    );
  }
  // 42501, insufficient_privilege
  if ((error as { code?: unknown }).code === '42501') {
    const advice = `Is ${prefixOf(platform)}_DATABASE_URL the role signet_auth_${platform}, and did npm run db -- migrate run?`;
    return [wrong(`${platform} database`, (error as Error).message, advice)];
  }
  throw error;
}

/** Where verifiers read the keys, and where the metadata says that they are. */
async function checkKeySets(
  config: AuthConfig,
  platform: Platform,
  kids: readonly string[],
  { local }: OperatorEnvironment,
): Promise<Finding[]> {
  if (local && !local.isRunning) {
    return platform === 'user' ? [note('key sets', 'the platform is not running; npm start starts it')] : [];
  }
  const url =
    config[`${prefixOf(platform)}_JWKS_URL`] ?? `http://127.0.0.1:${config.PORT}${jwksPathOf(platform)}`;
  const advice = local
    ? 'Is npm start running, with this PORT_BASE?'
    : 'Start auth; or does the network keep it from here?';
  const issuer = config.ISSUER_URL.replace(/\/+$/, '') + jwksPathOf(platform);
  return [
    await checkJwks({ platform, url, kids, advice }),
    await checkJwks({ platform, url: issuer, kids, advice: undefined }),
  ];
}
