import { platforms } from '@signet/schema/contract';
import { ConfigError, type Environment, loadConfig } from '@signet/service';
import { type IssuerList, whenVerifierConfigIsRead } from '@signet/session/config';
import { z } from 'zod';
import { type GatewayConfig, gatewayConfigSchema, gatewayFields } from '../config.ts';
import { refineTrustedDocuments } from '../config-documents.ts';
import { entranceVariable, refineEntrancePorts, settingOf } from '../config-entrances.ts';
import { type Issues, reportFault, unlessFaulty } from '../config-faults.ts';
import {
  refineAccess,
  refineDryRun,
  refineGraph,
  refineIssuers,
  verifiedPlatforms,
  whenAccessIsRead,
  whenDryRunIsRead,
} from '../config-graph.ts';
import { refineProof, whenProofIsRead } from '../config-proof.ts';
import { entranceSettingFields, ownVariables } from './file-keys.ts';
import { findFaultsBetween, readIssuerList } from './issuers-section.ts';
import { readSettingsFile, type SettingsFile } from './settings-file.ts';

/**
 * The configuration of a gateway: the variables of the environment, and below them what the file says. A variable wins over the file.
 *
 * @throws {ConfigError} with all faults of both, each with its variable, or file, line and field
 */
export function loadSettings(env: Environment, path: string | undefined): GatewayConfig {
  if (path === undefined) return loadVariables(env);
  const file = readSettingsFile(path);
  const chosen = chooseEntrances(file, env);
  const { list, faults: issuerFaults } = readIssuerList(file, env.ISSUERS_FILE);
  const values = withoutSet(file.values, env);
  const placeOf = (variable: string) =>
    variable in values || !isSet(env, variable) ? (file.placeOf(variable) ?? variable) : variable;
  const faults = [...file.faults, ...chosen.faults, ...issuerFaults];
  try {
    const schema = schemaOf(file.entrances && chosen.names, list);
    // ENTRANCES chooses among those of the file.
    const { ENTRANCES: _, ...given } = { ...values, ...env };
    const config = loadConfig(schema, given, { placeOf });
    if (list) faults.push(...findFaultsBetween(list, config));
    if (faults.length === 0) {
      return Object.freeze({
        ...config,
        ...(file.entrances && { entranceNames: chosen.names }),
        ...(list && { issuers: list }),
        placeOf,
      }) as GatewayConfig;
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // A file that cannot be read has one fault, and not a second one for each thing that is missing.
    const isUnread = file.faults.length > 0 && Object.keys(file.values).length === 0;
    if (!isUnread) faults.push(...error.faults);
  }
  throw new ConfigError([...new Set(faults)]);
}

/** Without a file. Issuers of other graphs' callers are known before an entrance is opened, which admits their platforms. */
function loadVariables(env: Environment): GatewayConfig {
  const config = loadConfig(gatewayConfigSchema, env);
  if (config.SUPERGRAPH_FILE === undefined || config.ISSUERS_FILE === undefined) return config;
  const { list, faults } = readIssuerList(undefined, config.ISSUERS_FILE);
  const all = [...faults, ...(list ? findFaultsBetween(list, config) : [])];
  if (all.length > 0) throw new ConfigError(all);
  return Object.freeze({ ...config, ...(list && { issuers: list }) });
}

/** What the file says where the environment says nothing. */
function withoutSet(values: Readonly<Record<string, string>>, env: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter(
      ([variable]) => !isSet(env, variable) && !isSet(env, variable.replace(/_FILE$/, '')),
    ),
  );
}

/** `X` is set by `X_FILE` as well. */
function isSet(env: Environment, variable: string): boolean {
  return Boolean(env[variable]?.trim() || env[`${variable}_FILE`]?.trim());
}

/** The entrances that this process opens: those of the file, or fewer by ENTRANCES. */
function chooseEntrances(
  { entrances = [], path }: SettingsFile,
  env: Environment,
): { names: readonly string[]; faults: readonly string[] } {
  const wanted = (env.ENTRANCES ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  const unknown = wanted.filter((name) => !entrances.includes(name));
  if (unknown.length > 0) {
    return {
      names: entrances,
      faults: [
        `ENTRANCES: names ${unknown.join(', ')}, and ${path} has ${entrances.join(', ') || 'no entrances'}`,
      ],
    };
  }
  return {
    names: wanted.length > 0 ? entrances.filter((name) => wanted.includes(name)) : entrances,
    faults: [],
  };
}

/** The schema of the variables. With entrances, each of them has its variables, and those of the platform's own are left out. */
function schemaOf(entrances: readonly string[] | undefined, issuers: IssuerList | undefined) {
  const given = Object.entries(gatewayFields).filter(
    ([name]) => !entrances || !(ownVariables.has(name) || name === 'PORT'),
  );
  const own = (entrances ?? []).flatMap((entrance) =>
    Object.entries(entranceSettingFields).map(
      ([setting, field]) => [entranceVariable(entrance, setting), field] as const,
    ),
  );
  const ofEntrances = own.map(([variable]) => variable);
  const shape = Object.fromEntries([...given, ...own]) as typeof gatewayFields;
  const names = entrances ?? ['graph'];
  // A configuration file is for a supergraph of somebody's own, also where nothing says which.
  const asForeign = <C extends { SUPERGRAPH_FILE?: string | undefined }>(config: C) => ({
    ...config,
    SUPERGRAPH_FILE: config.SUPERGRAPH_FILE ?? '',
    ...(issuers && { issuers }),
  });
  return z
    .object(shape)
    .superRefine(
      (config, issues) =>
        refineGraph({ ...asForeign(config), SUPERGRAPH_FILE: config.SUPERGRAPH_FILE }, issues, [
          'SUPERGRAPH_FILE',
        ]),
      {
        when: () => true,
      },
    )
    .superRefine((config, issues) => refineIssuers(asForeign(config), issues), whenVerifierConfigIsRead)
    .superRefine(
      (config, issues) => refineProof(asForeign(config), issues, names),
      whenRead(whenProofIsRead, ofEntrances),
    )
    .superRefine((config, issues) => refineTrustedDocuments(config, issues, names), unlessFaulty(ofEntrances))
    .superRefine(refineAccess, whenAccessIsRead)
    .superRefine(refineDryRun, whenDryRunIsRead)
    .superRefine(
      (config, issues) => {
        refineEntrancePorts(config, issues, entrances ?? []);
        refinePlatforms(asForeign(config), issues, entrances ?? []);
      },
      unlessFaulty([...ofEntrances, 'USER_JWKS_URL', 'PORTAL_JWKS_URL']),
    );
}

type When = ReturnType<typeof unlessFaulty>;

function whenRead(first: When, variables: readonly string[]): When {
  const second = unlessFaulty(variables);
  return { when: (payload) => first.when(payload) && second.when(payload) };
}

/** An entrance that admits a platform without an issuer would refuse all its callers. */
function refinePlatforms(
  config: Parameters<typeof verifiedPlatforms>[0],
  issues: Issues,
  entrances: readonly string[],
): void {
  const verified = verifiedPlatforms(config);
  for (const entrance of entrances) {
    const variable = entranceVariable(entrance, 'PLATFORMS');
    const wanted = settingOf<readonly string[] | undefined>(config, variable) ?? [];
    for (const platform of platforms.filter((one) => wanted.includes(one) && !verified.includes(one))) {
      reportFault(
        issues,
        variable,
        `names ${platform}, and no issuer has that platform: add one, or take ${platform} out; without this setting an entrance admits the platforms that have an issuer`,
      );
    }
  }
}
