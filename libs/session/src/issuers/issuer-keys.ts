import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { LogWriter } from '@signet/service';
import type { Tracing } from '@signet/telemetry/tracing';
import { type AlgorithmName, type ImportedKeys, importKeys, type VerificationKey } from '../jwks.ts';
import { createJwksClient, type HeldJwks, type KeySource } from '../jwks-client.ts';
import { createStaticKeySource } from '../public-pems.ts';
import { isSafeUrl } from '../safe-url.ts';
import { discoverJwks } from './discover-jwks.ts';
import { isUrl } from './issuer-list-faults.ts';
import type { IssuerEntry } from './issuers-schema.ts';
import { type PlatformKeys, withoutSharedKeys } from './platform-keys.ts';

export type IssuerKeysOptions = {
  /** How the log names the issuer. */
  name: string;
  /** From here the path of a key file begins. */
  folder: string;
  platformKeys: PlatformKeys;
  allowInsecure: boolean;
  logger: LogWriter;
  /** What an equal entry held until now. */
  known?: HeldJwks | undefined;
  tracing?: Pick<Tracing, 'startWork'> | undefined;
};

/** `read`: the keys, where they come from a file. */
export type IssuerKeys = { keys: KeySource; read: readonly VerificationKey[] };

/**
 * Opens the keys of an issuer of the configuration: those of a file at once, those behind a URL when they are asked for.
 *
 * @throws {Error} for a file that cannot be read or has no key that can be used.
 */
export async function openIssuerKeys(entry: IssuerEntry, options: IssuerKeysOptions): Promise<IssuerKeys> {
  const { jwks, issuer, platform, algorithms } = entry;
  const { name, folder, platformKeys, logger } = options;
  const holder = { platform, name };
  if (jwks !== undefined && !isUrl(jwks)) {
    const imported = await readKeyFile(resolve(folder, jwks), algorithms);
    platformKeys.hold(imported, holder, imported.keys.values());
    const keys = withoutSharedKeys(createStaticKeySource(imported), platformKeys);
    return { keys, read: [...imported.keys.values()] };
  }
  const url = jwks ?? entry.discovery ?? '';
  if (!isSafeUrl(url)) {
    logger.warn(
      { issuer, platform },
      'JWKS_INSECURE: public keys are fetched over plain http; anybody on the network path can forge every token',
    );
  }
  const source = createJwksClient({
    url,
    algorithms,
    maxPauseSeconds: 16,
    known: options.known,
    tracing: options.tracing,
    onKeys: (keys) => platformKeys.hold(holder, holder, keys),
    onFailure: (error) =>
      logger.warn(
        { err: error, issuer, platform },
        `the public keys of ${name} could not be read; those at hand stay in use`,
      ),
    ...(entry.discovery !== undefined && {
      fetchJwks: (_, span) => discoverJwks({ ...options, url, issuer, span }),
    }),
  });
  return { keys: withoutSharedKeys(source, platformKeys), read: [] };
}

async function readKeyFile(path: string, algorithms: readonly AlgorithmName[]): Promise<ImportedKeys> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new Error(`names a file that can't be read (${(error as NodeJS.ErrnoException).code})`);
  }
  try {
    return await importKeys(JSON.parse(text), algorithms);
  } catch (error) {
    const isJson = !(error instanceof SyntaxError);
    throw new Error(isJson ? 'names a file without a key that can be used' : 'names a file that is not JSON');
  }
}
