import { hkdfSync } from 'node:crypto';
import type { Database } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import { ConfigError, type KeyList } from '@signet/service';
import { type Kysely, sql } from 'kysely';
import { type Opened, openBytes, sealBytes } from './sealed-bytes.ts';

/**
 * Keys of a platform that stay the same when the pepper changes: a device must stay known, and a counter must keep its name. For names and
 * marks only. What must be kept secret from somebody who has an old pepper belongs under a key that changes.
 */
export type LastingKeys = {
  /** Signs device tokens. */
  device: Buffer;
  /** Names the counters of the throttles. */
  throttle: Buffer;
};

type KeyName = keyof LastingKeys;
type StoredKey = { name: string; sealed_key: Buffer };

/**
 * Reads the platform's lasting keys, which are sealed in its database under a pepper. The first process makes them: from its pepper, as
 * earlier versions did at each start, so that devices known to those stay known. One that lies under an earlier pepper is sealed anew.
 *
 * @param peppers PASSWORD_PEPPER: the first seals, all open.
 * @throws {ConfigError} where no pepper opens a key.
 */
export async function openLastingKeys(
  db: Kysely<Database>,
  platform: Platform,
  peppers: KeyList,
): Promise<LastingKeys> {
  const table = sql.table(`auth.${platform}_lasting_key`);
  const sealingKeys = peppers.map((pepper) => derive(pepper, `signet lasting keys ${platform}`));
  const seal = (name: KeyName, key: Buffer) =>
    sealBytes(key, labelOf(platform, name), sealingKeys[0] as Buffer);
  const open = async (name: KeyName): Promise<Buffer> => {
    const first = seal(name, derive(peppers[0], `signet ${name} ${platform}`));
    await sql`
      insert into ${table} (name, sealed_key) values (${name}, ${first}) on conflict (name) do nothing
    `.execute(db);
    const { rows } = await sql<StoredKey>`select name, sealed_key from ${table} where name = ${name}`.execute(
      db,
    );
    const stored = rows[0]?.sealed_key as Buffer;
    const { content, keyIndex } = mustOpen(openBytes(stored, labelOf(platform, name), sealingKeys), name);
    if (keyIndex > 0) {
      await sql`
        update ${table} set sealed_key = ${seal(name, content)} where name = ${name} and sealed_key = ${stored}
      `.execute(db);
    }
    return content;
  };
  return { device: await open('device'), throttle: await open('throttle') };
}

/** How many of the platform's lasting keys each pepper of the list opens, by its place. */
export async function countLastingKeys(
  db: Kysely<Database>,
  platform: Platform,
  peppers: KeyList,
): Promise<number[]> {
  const sealingKeys = peppers.map((pepper) => derive(pepper, `signet lasting keys ${platform}`));
  const { rows } = await sql<StoredKey>`
    select name, sealed_key from ${sql.table(`auth.${platform}_lasting_key`)}
  `.execute(db);
  const indexes = rows.map(
    ({ name, sealed_key }) => openBytes(sealed_key, labelOf(platform, name), sealingKeys)?.keyIndex,
  );
  return peppers.map((_, place) => indexes.filter((index) => index === place).length);
}

function mustOpen(opened: Opened | undefined, name: string): Opened {
  if (opened) return opened;
  throw new ConfigError([
    `PASSWORD_PEPPER: does not open the ${name} key in the database, so it is not the pepper of this platform's passwords; set the one that was in use (docs/keys.md)`,
  ]);
}

function derive(secret: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', purpose, 32));
}

function labelOf(platform: Platform, name: string): Buffer {
  return Buffer.from(JSON.stringify([platform, name]));
}
