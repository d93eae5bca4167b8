import { execFile } from 'node:child_process';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openProofIdentity, proofMembers, proofPathsOf, readProofSet } from '@signet/proof';
import { createLogger, formatSignetContext } from '@signet/service';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeSecrets, makeSecretsPath, type SecretsFolder } from './secrets.test-support.ts';

describe('make-secrets.mjs', () => {
  let secrets: SecretsFolder;
  beforeEach(async () => {
    secrets = await makeSecrets();
  });
  afterEach(() => secrets.remove());

  const read = (name: string, folder = secrets.folder) => readFile(join(folder, name), 'utf8');

  it('writes files that their owner alone may read', async () => {
    expect((await stat(secrets.folder)).mode & 0o777).toBe(0o700);
    for (const name of secrets.names) {
      expect((await stat(join(secrets.folder, name))).mode & 0o777).toBe(0o600);
    }
  });

  it('tells no secret', async () => {
    for (const name of secrets.names) {
      expect(secrets.output).not.toContain((await read(name)).trim());
    }
  });

  it('makes other secrets each time, and none twice', async () => {
    const other = await makeSecrets();
    const values = await Promise.all([
      ...secrets.names.map((name) => read(name)),
      ...other.names.map((name) => read(name, other.folder)),
    ]);
    await other.remove();
    expect(new Set(values).size).toBe(2 * secrets.names.length);
  });

  it('says by --help what it does, and for whom the files are, and writes nothing', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [makeSecretsPath, '--help']);
    expect(stdout).toMatch(/^Usage: node deploy\/make-secrets\.mjs [\s\S]*--database[\s\S]*user 1000/);
  });

  it('replaces nothing that is there', async () => {
    const before = await read('password-pepper');
    const again = promisify(execFile)(process.execPath, [makeSecretsPath, secrets.folder]);
    await expect(again).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('is not empty') });
    expect(await read('password-pepper')).toBe(before);
    expect((await readdir(secrets.folder)).sort()).toEqual(
      [...secrets.names, 'kustomization.yaml', 'proof'].sort(),
    );
  });

  it('points every role at another database where told so, and a role that is added later, too', async () => {
    const place = 'db.example.com:6432/shop?sslmode=verify-full';
    const other = await makeSecrets(makeSecretsPath, ['--database', place]);
    const urls = other.names.filter((name) => name.endsWith('-database-url'));
    for (const name of urls) expect(await read(name, other.folder)).toMatch(/^postgres:\/\/\w+:[\w-]+@/);
    await rm(join(other.folder, 'signet-portal-password'));
    await rm(join(other.folder, 'portal-database-url'));
    await promisify(execFile)(process.execPath, [makeSecretsPath, '--missing', other.folder]);
    for (const name of urls) {
      expect((await read(name, other.folder)).trim().replace(/^.*@/, '')).toBe(place);
    }
    await other.remove();
  });

  it.each(['postgres://db/signet', 'me:secret@db/signet', 'db.example.com', ''])(
    'refuses --database %j, and says what it must be',
    async (database) => {
      const run = makeSecrets(makeSecretsPath, ['--database', database]);
      await expect(run).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('without a user') });
    },
  );

  it.each([['--folder'], ['one', 'two']])('takes %s for no folder', async (...given) => {
    const cwd = join(secrets.folder, 'proof');
    const run = promisify(execFile)(process.execPath, [makeSecretsPath, ...given], { cwd });
    await expect(run).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('Usage') });
    expect(await readdir(cwd)).not.toContain(given[0]);
  });

  it('adds what a new subgraph needs to a folder, and leaves everything else as it was', async () => {
    const folder = join(secrets.folder, 'proof');
    const peers = JSON.parse(await read('peers/peers.json', folder));
    const before = await read('password-pepper');
    // As if the folder were older than the subgraph.
    delete peers.peers.portal;
    await writeFile(join(folder, 'peers/peers.json'), JSON.stringify(peers));
    await rm(join(folder, 'portal'), { recursive: true });
    await rm(join(secrets.folder, 'signet-portal-password'));
    await rm(join(secrets.folder, 'portal-database-url'));
    const add = () => promisify(execFile)(process.execPath, [makeSecretsPath, '--missing', secrets.folder]);
    expect((await add()).stdout).toContain('portal');
    expect(readProofSet(folder).peers.peers).toMatchObject({ ...peers.peers, portal: { role: 'subgraph' } });
    expect((await stat(join(folder, 'portal', 'key.json'))).mode & 0o777).toBe(0o600);
    const password = (await read('signet-portal-password')).trim();
    expect(await read('portal-database-url')).toContain(`signet_portal:${password}@`);
    expect((await readdir(secrets.folder)).sort()).toEqual(
      [...secrets.names, 'kustomization.yaml', 'proof'].sort(),
    );
    expect(await read('password-pepper')).toBe(before);
    expect((await add()).stdout).toContain('has everything already');
  });

  it('adds nothing where one half of a role is gone: the other would be a password of nobody', async () => {
    await rm(join(secrets.folder, 'portal-database-url'));
    const add = promisify(execFile)(process.execPath, [makeSecretsPath, '--missing', secrets.folder]);
    await expect(add).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('signet-portal-password'),
    });
    expect(await readdir(secrets.folder)).not.toContain('portal-database-url');
  });

  it('makes a set of proof keys, of which each process has its own', async () => {
    const folder = join(secrets.folder, 'proof');
    const set = readProofSet(folder);
    // Auth runs twice here, a platform each.
    const members = proofMembers.filter(({ name }) => name !== 'auth');
    expect(Object.keys(set.keyFiles).sort()).toEqual(members.map(({ name }) => name).sort());
    for (const { name, role, entrance } of members) {
      expect(set.peers.peers[name]).toMatchObject({ role, ...(entrance && { entrance }) });
      expect((await stat(join(folder, name, 'key.json'))).mode & 0o777).toBe(0o600);
      expect((await stat(join(folder, name))).mode & 0o777).toBe(0o700);
    }
    const all = Object.values(set.keyFiles).flatMap(({ keys }) => keys.map(({ d }) => d));
    expect(new Set(all).size).toBe(members.length);
    expect(await read('peers/peers.json', folder)).not.toContain('"d"');
    for (const d of all) expect(secrets.output).not.toContain(d);
  });

  it('makes proof keys with which a gateway and a subgraph understand each other', async () => {
    const folder = join(secrets.folder, 'proof');
    const logger = createLogger('test', 'silent');
    const [gateway, portal] = await Promise.all(
      ['gateway-user', 'portal'].map((name) =>
        openProofIdentity({ name, ...proofPathsOf(folder, name), logger }),
      ),
    );
    const context = formatSignetContext({ requestId: 'test', entrance: 'user', hasToken: false });
    const headers = { 'content-type': 'application/json', 'signet-context': context };
    const message = { method: 'POST', path: '/graphql', query: '', headers, body: '{}' };
    const signature = gateway?.signer.sign('portal', message);
    gateway?.stop();
    portal?.stop();
    expect(portal?.verifier.verify({ ...message, headers: { ...headers, ...signature } }).sender).toEqual({
      name: 'gateway-user',
      role: 'gateway',
      entrance: 'user',
    });
  });
});
