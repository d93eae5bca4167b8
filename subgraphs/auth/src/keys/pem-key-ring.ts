import type { Platform } from '@signet/schema/contract';
import { ConfigError } from '@signet/service';
import type { KeyRing } from './key-ring.ts';
import { PemError, readPrivatePem, readPublicPems } from './pem-keys.ts';

/** PEM texts of the configuration. */
export type PemKeys = {
  privateKey: string;
  /** Others whose tokens hold: the one before, the one after. */
  publicKeys: string | undefined;
};

/**
 * Keys that the configuration gives. They change when the process is started with others.
 *
 * @throws {ConfigError} naming the variable.
 */
export async function openPemKeyRing(platform: Platform, pems: PemKeys): Promise<KeyRing> {
  const prefix = platform.toUpperCase();
  const signing = await naming(`${prefix}_PRIVATE_KEY`, () => readPrivatePem(pems.privateKey));
  const { publicKeys } = pems;
  const others = publicKeys ? await naming(`${prefix}_PUBLIC_KEYS`, () => readPublicPems(publicKeys)) : [];
  const published = [signing, ...others.filter(({ kid }) => kid !== signing.kid)];
  return {
    platform,
    variable: `${prefix}_PRIVATE_KEY`,
    getSigningKey: async () => signing,
    listPublished: () => published,
    checkReady: async () => undefined,
    stop: async () => {},
  };
}

async function naming<T>(variable: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof PemError ? new ConfigError([`${variable}: ${error.message}`]) : error;
  }
}
