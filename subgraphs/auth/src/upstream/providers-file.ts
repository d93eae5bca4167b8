import { dirname, resolve } from 'node:path';
import type { Platform, StaffRole } from '@signet/schema/contract';
import { ConfigError } from '@signet/service';
import {
  type ClaimPath,
  parseClaimPath,
  parseYamlFile,
  readConfigText,
  type YamlFile,
} from '@signet/session';
import { prefixOf } from '../platform-settings.ts';
import type { AuthConfig } from '../settings.ts';
import { type ClientAuthentication, readClientAuthentication } from './client-authentication.ts';
import { isLoopback, type ProviderEntry, providersFileSchema } from './providers-schema.ts';
import { isReturnUrl } from './return-to.ts';

/** An identity provider at which people of one tenant and platform sign in. */
export type Provider = {
  name: string;
  platform: Platform;
  /** A slug. */
  tenant: string;
  issuer: string;
  clientId: string;
  authentication: ClientAuthentication;
  /** What ID tokens and logout tokens are signed with. */
  algorithm: ProviderEntry['algorithm'];
  scopes: readonly string[];
  userinfo: boolean;
  domains: 'any' | readonly string[];
  create: boolean;
  /** The groups in order, each with its role. */
  roles: { claim: ClaimPath; map: readonly (readonly [group: string, role: StaffRole])[] } | undefined;
  secondFactor: { acr: readonly string[]; amr: readonly string[] };
  stepUp: boolean;
  networks: readonly string[];
  callbackUrl: string;
  /** Where people may come back to: origins, and URLs with one path. */
  returnOrigins: readonly string[];
  /** Where they come back to if they do not say. */
  defaultReturn: string;
  /** The place of a field in the file, for faults that are found later. */
  placeOf(field: string): string;
};

type Config = Pick<AuthConfig, 'PROVIDERS_FILE' | 'ISSUER_URL' | 'USER_APP_URL' | 'PORTAL_APP_URL'>;
type PlaceOf = (index: number, ...field: string[]) => string;

/**
 * Reads the section `providers` of the file that PROVIDERS_FILE names, YAML or JSON, with the secrets of the given platforms: those of
 * another process stay unread.
 *
 * @returns an empty list without such a file.
 * @throws {ConfigError} with all faults, each with file, line, column and field. Never with a value of the file.
 */
export async function readProviders(config: Config, held: readonly Platform[]): Promise<readonly Provider[]> {
  const { PROVIDERS_FILE: path } = config;
  if (path === undefined) return [];
  const text = readConfigText(path);
  if (typeof text !== 'string') throw new ConfigError([`PROVIDERS_FILE: names a file that ${text.fault}`]);
  const file = parseYamlFile(path, text);
  if ('faults' in file) throw new ConfigError(file.faults);
  const entries = readEntries(path, file);
  const placeOf: PlaceOf = (index, ...field) => file.placeOf(['providers', index, ...field]);
  const faults = entries.flatMap((entry, index) => findFaults(config, entries, { entry, index, placeOf }));
  if (faults.length > 0) throw new ConfigError(faults);
  const providers: Provider[] = [];
  for (const [index, entry] of entries.entries()) {
    if (!held.includes(entry.platform)) continue;
    const authentication = await readClientAuthentication(entry, (name) => resolve(dirname(path), name));
    if ('fault' in authentication) {
      faults.push(`${placeOf(index, authentication.field)}: ${authentication.fault}`);
      continue;
    }
    providers.push(completeProvider(config, entry, authentication, (field) => placeOf(index, field)));
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return providers;
}

function readEntries(path: string, file: YamlFile): readonly ProviderEntry[] {
  let plain: unknown;
  try {
    plain = file.toPlain();
  } catch {
    throw new ConfigError([`${path}: repeats itself by too many aliases`]);
  }
  const { data, error } = providersFileSchema.safeParse(plain);
  if (data) return data.providers;
  throw new ConfigError(
    error.issues.map((issue) => {
      const fault =
        issue.code === 'unrecognized_keys' ? `has no setting ${issue.keys.join(', ')}` : issue.message;
      const field = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
      return `${file.placeOf(field)}${field.length === 0 ? ': the file' : ''}: ${fault}`;
    }),
  );
}

type Place = { entry: ProviderEntry; index: number; placeOf: PlaceOf };

/** What does not fit together, in an entry or between entries. */
function findFaults(
  config: Config,
  entries: readonly ProviderEntry[],
  { entry, index, placeOf }: Place,
): string[] {
  const earlier = entries.slice(0, index).filter(({ platform }) => platform === entry.platform);
  const faults: string[] = [];
  const add = (field: string, fault: string) => void faults.push(`${placeOf(index, field)}: ${fault}`);
  if (earlier.some(({ name }) => name === entry.name))
    add('name', 'is the name of an earlier provider of the platform');
  if (earlier.some(({ tenant, issuer }) => tenant === entry.tenant && issuer === entry.issuer)) {
    add('issuer', 'is that of an earlier provider of the tenant: who somebody is there must mean one thing');
  }
  if (!isSafe(entry.issuer)) add('issuer', 'must be https, or http on loopback');
  const { search, hash, username, password } = new URL(entry.issuer);
  if (search || hash || username || password) add('issuer', 'must have no query, fragment or user');
  if (entry.callbackUrl !== undefined && !isSafe(entry.callbackUrl)) {
    add('callbackUrl', 'must be https, or http on loopback');
  }
  if (entry.callbackUrl !== undefined && !new URL(entry.callbackUrl).pathname.endsWith(callbackPath(entry))) {
    add('callbackUrl', `must end with ${callbackPath(entry)}`);
  }
  if ((entry.privateKeyFile === undefined) === (entry.clientSecretFile === undefined)) {
    add('privateKeyFile', 'is needed, or clientSecretFile; not both');
  }
  if (entry.roles && entry.platform !== 'portal')
    add('roles', 'are those of staff: the platform must be portal');
  if (entry.create && entry.domains === undefined) add('domains', 'are needed with create: any, or a list');
  if (entry.create && entry.platform === 'portal' && !entry.roles) {
    add('roles', 'are needed with create: somebody must say which role new staff have');
  }
  if (entry.create && entry.platform === 'portal' && entry.domains === 'any') {
    add('domains', 'must be a list with create: the staff are not anybody');
  }
  if (entry.returnOrigins === undefined && appUrlOf(config, entry.platform) === undefined) {
    add('returnOrigins', `are needed, or ${prefixOf(entry.platform)}_APP_URL`);
  }
  return faults;
}

function completeProvider(
  config: Config,
  entry: ProviderEntry,
  authentication: ClientAuthentication,
  placeOf: Provider['placeOf'],
): Provider {
  const { name, platform, tenant, issuer, clientId, algorithm, scopes, userinfo, create, stepUp, networks } =
    entry;
  const appUrl = appUrlOf(config, platform);
  const origins = entry.returnOrigins ?? (appUrl === undefined ? [] : [new URL(appUrl).origin]);
  const home =
    appUrl !== undefined && isReturnUrl(new URL(appUrl).href, origins) ? appUrl : (origins[0] as string);
  return {
    name,
    platform,
    tenant,
    issuer,
    clientId,
    authentication,
    algorithm,
    scopes,
    userinfo,
    create,
    stepUp,
    networks,
    domains: entry.domains ?? [],
    roles: entry.roles && {
      claim: parseClaimPath(entry.roles.claim) as ClaimPath,
      map: Object.entries(entry.roles.map),
    },
    secondFactor: entry.secondFactor ?? { acr: [], amr: [] },
    callbackUrl: entry.callbackUrl ?? `${config.ISSUER_URL.replace(/\/+$/, '')}${callbackPath(entry)}`,
    returnOrigins: origins,
    defaultReturn: new URL(home).href,
    placeOf,
  };
}

function callbackPath({ platform, name }: Pick<ProviderEntry, 'platform' | 'name'>): string {
  return `/oauth/${platform}/${name}/callback`;
}

function appUrlOf(config: Config, platform: Platform): string | undefined {
  return config[`${prefixOf(platform)}_APP_URL`];
}

/** Nobody else can change what comes from there. */
function isSafe(text: string): boolean {
  const url = new URL(text);
  return url.protocol === 'https:' || isLoopback(url);
}
