import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@signet/service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestAuth } from '../testing/auth.test-support.ts';
import { readProviders } from './providers-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-providers-'));
  writeFileSync(join(folder, 'secret'), 'hush\n');
  writeFileSync(join(folder, 'empty'), '\n');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(join(folder, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
});
afterAll(() => rmSync(folder, { recursive: true }));

const good = {
  name: 'corp',
  platform: 'portal',
  tenant: 'demo',
  issuer: 'https://id.example.com',
  clientId: 'signet',
  clientSecretFile: 'secret',
};
const settings = {
  ISSUER_URL: 'https://api.example.com/',
  USER_APP_URL: undefined,
  PORTAL_APP_URL: 'https://desk.example',
};

function read(
  entries: unknown,
  held: readonly ('user' | 'portal')[] = ['user', 'portal'],
  config = settings,
) {
  const path = join(folder, 'providers.yaml');
  writeFileSync(path, JSON.stringify({ providers: entries }, null, 1));
  return readProviders({ ...config, PROVIDERS_FILE: path }, held);
}
const faultsOf = (entries: unknown) =>
  read(entries).then(
    () => [],
    (error: ConfigError) => error.faults.map((fault) => fault.replace(/^.*?:\d+:\d+: /, '')),
  );

describe('the file of providers', () => {
  it('may not be there', async () => {
    expect(await readProviders({ ...settings, PROVIDERS_FILE: undefined }, ['user'])).toEqual([]);
    await expect(
      readProviders({ ...settings, PROVIDERS_FILE: join(folder, 'none') }, ['user']),
    ).rejects.toThrow('PROVIDERS_FILE: names a file that cannot be read (ENOENT)');
  });

  it('says what is registered at the provider', async () => {
    const [provider] = await read([good]);
    expect(provider).toMatchObject({
      algorithm: 'RS256',
      scopes: ['openid', 'email', 'profile'],
      domains: [],
      create: false,
      stepUp: false,
      secondFactor: { acr: [], amr: [] },
      callbackUrl: 'https://api.example.com/oauth/portal/corp/callback',
      returnOrigins: ['https://desk.example'],
      defaultReturn: 'https://desk.example/',
      authentication: { method: 'client_secret_basic' },
    });
    const keyed = { ...good, clientSecretFile: undefined, privateKeyFile: 'key.pem', keyAlgorithm: 'ES256' };
    expect((await read([keyed]))[0]?.authentication.method).toBe('private_key_jwt');
  });

  it('is read by the process that holds the platform; secrets of another one are not', async () => {
    const foreign = {
      ...good,
      platform: 'user',
      clientSecretFile: 'not here',
      returnOrigins: ['https://shop.example'],
    };
    expect(await read([foreign], ['portal'])).toEqual([]);
    await expect(read([foreign], ['user'])).rejects.toThrow(ConfigError);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['another key', { secret: 'inline' }, 'providers[0]: has no setting secret'],
    ['a name with other letters', { name: 'Corp/1' }, 'providers[0].name: must be lowercase'],
    ['no platform', { platform: 'both' }, 'providers[0].platform: must be user or portal'],
    ['no tenant', { tenant: undefined }, 'providers[0].tenant: must be the slug of a tenant'],
    [
      'plain http',
      { issuer: 'http://id.example.com' },
      'providers[0].issuer: must be https, or http on loopback',
    ],
    [
      'an issuer with a query',
      { issuer: 'https://id.example.com/?a=b' },
      'providers[0].issuer: must have no query',
    ],
    ['no client', { clientId: '' }, 'providers[0].clientId: must be a text'],
    ['no proof of the client', { clientSecretFile: undefined }, 'providers[0].privateKeyFile: is needed'],
    [
      'two proofs',
      { privateKeyFile: 'key.pem' },
      'providers[0].privateKeyFile: is needed, or clientSecretFile; not both',
    ],
    [
      'a secret that is not there',
      { clientSecretFile: 'none' },
      'providers[0].clientSecretFile: names a file that cannot be read (ENOENT)',
    ],
    ['an empty secret', { clientSecretFile: 'empty' }, 'providers[0].clientSecretFile: names an empty file'],
    [
      'a key that is none',
      { clientSecretFile: undefined, privateKeyFile: 'secret' },
      'providers[0].privateKeyFile: names a file that is no private key',
    ],
    ['a MAC for ID tokens', { algorithm: 'HS256' }, 'providers[0].algorithm: must be one of'],
    ['no signature for ID tokens', { algorithm: 'none' }, 'providers[0].algorithm: must be one of'],
    ['scopes without openid', { scopes: ['email'] }, 'providers[0].scopes: must include openid'],
    ['a network that is none', { networks: ['10.0.0.0'] }, 'providers[0].networks[0]: must be a network'],
    [
      'a domain with a star',
      { domains: ['*.example.com'] },
      'providers[0].domains[0]: must be a domain in lower case',
    ],
    [
      'a role that is none',
      { roles: { claim: 'groups', map: { a: 'root' } } },
      'providers[0].roles.map.a: must be one of',
    ],
    ['roles without a claim', { roles: { map: { a: 'support' } } }, 'providers[0].roles.claim'],
    [
      'new staff without roles',
      { create: true, domains: ['example.com'] },
      'providers[0].roles: are needed with create',
    ],
    [
      'new staff of any address',
      { create: true, domains: 'any', roles: { claim: 'groups', map: { a: 'support' } } },
      'providers[0].domains: must be a list with create',
    ],
    [
      'new accounts without domains',
      { create: true, roles: { claim: 'groups', map: { a: 'support' } } },
      'providers[0].domains: are needed with create',
    ],
    [
      'roles of customers',
      { platform: 'user', roles: { claim: 'groups', map: { a: 'support' } } },
      'providers[0].roles: are those of staff',
    ],
    ['no way back', { platform: 'user' }, 'providers[0].returnOrigins: are needed, or USER_APP_URL'],
    [
      'a way back with a query',
      { returnOrigins: ['https://desk.example/signed-in?to='] },
      'providers[0].returnOrigins[0]: must be an origin',
    ],
    [
      'a way back in plain http',
      { returnOrigins: ['http://desk.example'] },
      'providers[0].returnOrigins[0]: must be an origin',
    ],
    [
      'a callback elsewhere',
      { callbackUrl: 'https://api.example.com/callback' },
      'providers[0].callbackUrl: must end with /oauth/portal/corp/callback',
    ],
    ['a step-up that is a text', { stepUp: 'yes' }, 'providers[0].stepUp: must be true or false'],
  ])('is refused with %s, by the field', async (_name, change, fault) => {
    expect(await faultsOf([{ ...good, ...change }])).toEqual(
      expect.arrayContaining([expect.stringContaining(fault)]),
    );
  });

  it('names each provider once, and each issuer once for a tenant', async () => {
    expect(await faultsOf([good, { ...good, name: 'other' }])).toEqual([
      expect.stringContaining('providers[1].issuer: is that of an earlier provider'),
    ]);
    expect(await faultsOf([good, { ...good, issuer: 'https://other.example.com' }])).toEqual([
      expect.stringContaining('providers[1].name: is the name of an earlier provider'),
    ]);
    expect(await faultsOf([good, { ...good, name: 'other', tenant: 'globex' }])).toEqual([]);
  });

  it('stops the process where it is wrong, and where a tenant does not exist', async () => {
    const path = join(folder, 'wrong.yaml');
    writeFileSync(path, JSON.stringify({ providers: [{ ...good, tenant: 'nobody' }] }));
    await expect(
      startTestAuth({ PROVIDERS_FILE: path, PORTAL_APP_URL: 'https://desk.example' }),
    ).rejects.toThrow('providers[0].tenant: there is no such tenant');
  });
});
