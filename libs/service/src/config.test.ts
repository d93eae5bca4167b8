import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { ConfigError, configFields, type Environment, loadConfig, processConfigFields } from './config.ts';

const schema = z.object({
  PORT: configFields.port,
  DATABASE_URL: configFields.postgresUrl,
  KEY: configFields.key256,
  ISSUER_URL: configFields.httpUrl,
  SECONDS: configFields.seconds.default(60),
  SANDBOX: configFields.flag.optional(),
  NAMES: configFields.list.default([]),
});
const key = Buffer.alloc(32, 7).toString('base64');
const good = { PORT: '4000', DATABASE_URL: 'postgres://x@h/d', KEY: key, ISSUER_URL: 'https://id.example' };
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function faultsOf(env: Environment): readonly string[] {
  try {
    loadConfig(schema, env);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).faults;
  }
}

test('reads, converts and freezes a configuration', () => {
  const config = loadConfig(schema, { ...good, SANDBOX: 'yes', NAMES: ' a, b ,,c' });
  expect(config).toMatchObject({ PORT: 4000, SECONDS: 60, SANDBOX: true, NAMES: ['a', 'b', 'c'] });
  expect(config.KEY).toEqual(Buffer.alloc(32, 7));
  expect(Object.isFrozen(config)).toBe(true);
});

test('tells all faults at once, by variable', () => {
  const faults = faultsOf({ PORT: '70000', KEY: 'short', ISSUER_URL: 'ftp://x', SANDBOX: 'maybe' });
  expect(faults.map((fault) => fault.split(':')[0]).sort()).toEqual([
    'DATABASE_URL',
    'ISSUER_URL',
    'KEY',
    'PORT',
    'SANDBOX',
  ]);
  expect(faults).toContain('DATABASE_URL: is not set');
});

test('never tells a value', () => {
  const secret = 'hunter2-hunter2';
  const env = Object.fromEntries(Object.keys(schema.shape).map((name) => [name, secret]));
  const message = new ConfigError(faultsOf(env)).message;
  expect(message).toContain('PORT');
  expect(message).not.toContain('hunter2');
});

test.each(['', ' ', '\t'])('takes the empty value %j for not set', (value) => {
  expect(faultsOf({ ...good, PORT: value })).toEqual(['PORT: is not set']);
  expect(loadConfig(schema, { ...good, SECONDS: value }).SECONDS).toBe(60);
});

test.each(['0x10', '1e3', '-1', '4000.5', 'Infinity', 'NaN', '65536', '4'.repeat(400)])(
  'refuses the port %s',
  (PORT) => {
    expect(faultsOf({ ...good, PORT })).toEqual(['PORT: must be a port number, 0 to 65535']);
  },
);

test.each(['0', '-5', '1.5', 'soon'])('refuses %s seconds', (SECONDS) => {
  expect(faultsOf({ ...good, SECONDS })).toHaveLength(1);
});

test.each([key.slice(4), `${key}AAAA`, '!'.repeat(44), `${'A'.repeat(21)} ${'A'.repeat(22)}`])(
  'refuses a key that is not 32 bytes of base64',
  (KEY) => {
    expect(faultsOf({ ...good, KEY })).toHaveLength(1);
  },
);

test('reads a variable from the file that X_FILE names', () => {
  const path = join(folder, 'key');
  writeFileSync(path, `${key}\n`);
  const { KEY, ...rest } = good;
  expect(loadConfig(schema, { ...rest, KEY_FILE: path }).KEY).toEqual(Buffer.from(KEY, 'base64'));
});

test('tells a file that can not be read, once, and not where it lies', () => {
  const { KEY: _, ...rest } = good;
  expect(faultsOf({ ...rest, KEY_FILE: '/none/secret' })).toEqual([
    "KEY_FILE: can't read the file it names (ENOENT)",
  ]);
  expect(faultsOf({ ...rest, KEY_FILE: folder })).toEqual([
    "KEY_FILE: can't read the file it names (EISDIR)",
  ]);
});

test('refuses a variable that is set twice, and a file that is empty', () => {
  const path = join(folder, 'empty');
  writeFileSync(path, '\n');
  expect(faultsOf({ ...good, KEY_FILE: path })).toEqual(['KEY: is set together with KEY_FILE; keep one']);
  const { KEY: _, ...rest } = good;
  expect(faultsOf({ ...rest, KEY_FILE: path })).toEqual(['KEY: is not set']);
});

test.each(['https://shop.example', 'shop.example:4000', '*', 'a/b', 'a b'])(
  'refuses %s in ALLOWED_HOSTS',
  (ALLOWED_HOSTS) => {
    const { ALLOWED_HOSTS: field } = processConfigFields;
    expect(() => loadConfig(z.object({ ALLOWED_HOSTS: field }), { ALLOWED_HOSTS })).toThrow(
      'ALLOWED_HOSTS: must be host names',
    );
  },
);
