import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, createLogger } from '@signet/service';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ProofSet } from './key-files.ts';
import { thumbprintOf } from './pair-key.ts';
import { aMessage, withHeaders } from './proof.test-support.ts';
import type { ProofIdentity } from './proof.ts';
import { proofPathsOf, writeProofSet } from './proof-folder.ts';
import { openProofIdentity } from './proof-identity.ts';
import { createProofSet, proofMembers } from './proof-set.ts';

const members = proofMembers.filter(({ name }) => ['gateway-user', 'portal', 'auth'].includes(name));
let parent: string;
let folder: string;
let set: ProofSet;
let opened: ProofIdentity[];
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'signet-proof-'));
  folder = join(parent, 'set');
  set = createProofSet(members);
  opened = [];
  writeProofSet(folder, set);
});
afterEach(() => {
  for (const identity of opened) identity.stop();
  rmSync(parent, { recursive: true, force: true });
});

function createWatchedLogger() {
  const logger = createLogger('test', 'silent');
  return { logger, info: vi.spyOn(logger, 'info'), error: vi.spyOn(logger, 'error') };
}

async function open(name: string, { logger } = createWatchedLogger()) {
  const identity = await openProofIdentity({
    name,
    ...proofPathsOf(folder, name),
    logger,
    pollIntervalMs: 20,
  });
  opened.push(identity);
  return identity;
}

async function faultsOf(name: string): Promise<readonly string[]> {
  const error = await open(name).catch((reason: unknown) => reason);
  if (error instanceof ConfigError) return error.faults.map((fault) => fault.replaceAll(`${folder}/`, ''));
  throw new Error('It opened, or failed otherwise.', { cause: error });
}

const send = (gateway: ProofIdentity, portal: ProofIdentity) =>
  portal.verifier.verify(withHeaders(aMessage, gateway.signer.sign('portal', aMessage)));

/** As an operator's tools do: a new file takes the old one's place. */
function replace(path: string, content: string, mode = 0o600) {
  writeFileSync(`${path}.new`, content, { mode });
  renameSync(`${path}.new`, path);
}

// biome-ignore lint/suspicious/noExplicitAny: what is written into the files is wrong on purpose
type Loose = any;

function edit(name: 'peers' | 'portal', change: (content: Loose) => void) {
  const { keyFile, peersFile } = proofPathsOf(folder, 'portal');
  const content = structuredClone(name === 'peers' ? set.peers : set.keyFiles.portal);
  change(content);
  replace(name === 'peers' ? peersFile : keyFile, JSON.stringify(content));
}

describe('a process with its files', () => {
  test('signs and verifies', async () => {
    expect(send(await open('gateway-user'), await open('portal')).sender.name).toBe('gateway-user');
  });

  test.each([0o644, 0o640, 0o604, 0o660])('does not start with a key file of mode %o', async (mode) => {
    chmodSync(proofPathsOf(folder, 'portal').keyFile, mode);
    expect(await faultsOf('portal')).toEqual([
      `portal/key.json: holds private keys and is open to others (mode 0${mode.toString(8)}); chmod 600`,
    ]);
  });

  test.each([0o664, 0o646, 0o666])('does not start with a peers.json of mode %o', async (mode) => {
    chmodSync(proofPathsOf(folder, 'portal').peersFile, mode);
    expect(await faultsOf('portal')).toEqual([
      `peers/peers.json: says who is a gateway, and others may write it (mode 0${mode.toString(8)}); chmod 644`,
    ]);
  });

  test('says of both missing files what they hold and what to do', async () => {
    rmSync(proofPathsOf(folder, 'portal').keyFile);
    rmSync(proofPathsOf(folder, 'portal').peersFile);
    expect(await faultsOf('portal')).toEqual([
      expect.stringMatching(
        /^portal\/key\.json: can't be read \(ENOENT\); .*PROOF_KEY_FILE.* npm start .* npx signet keys proof add portal$/,
      ),
      expect.stringMatching(
        /^peers\/peers\.json: can't be read \(ENOENT\); .*PROOF_PEERS_FILE.* npm start .* npx signet keys proof init --out /,
      ),
    ]);
  });

  test("names the variable of an entrance's key file", async () => {
    rmSync(proofPathsOf(folder, 'gateway-user').keyFile);
    expect(await faultsOf('gateway-user')).toEqual([expect.stringContaining('(USER_PROOF_KEY_FILE)')]);
  });

  test('says what to do about a subgraph that peers.json does not list', async () => {
    edit('peers', ({ peers }) => delete peers.portal);
    expect(await faultsOf('portal')).toEqual([
      expect.stringMatching(
        /^peers\/peers\.json: peers\.portal: is missing, .* npm start .* npx signet keys proof add portal$/,
      ),
    ]);
    const gateway = await open('gateway-user');
    expect(() => gateway.signer.sign('portal', aMessage)).toThrow('npx signet keys proof add portal');
  });

  test("does not start with another's key file", async () => {
    edit('portal', (content) => Object.assign(content, set.keyFiles.auth));
    expect(await faultsOf('portal')).toEqual([
      'portal/key.json: name: is the key file of auth, and this is portal',
      "peers/peers.json: peers.portal.keys: has none of the keys in this service's own file, so no other process would know them",
    ]);
  });

  test('names every fault of both files at once, and no key', async () => {
    edit('portal', (content) => {
      content.keys[0].d = 'secret-of-portal';
      content.keys[0].kty = 'EC';
      content.note = 'hello';
    });
    edit('peers', ({ peers }) => {
      peers.auth.entrance = 'user';
      delete peers['gateway-user'].entrance;
      peers.portal.role = 'admin';
      peers.portal.keys = [];
      peers['No Name'] = peers.auth;
    });
    const faults = await faultsOf('portal');
    expect([...faults].sort()).toEqual([
      expect.stringContaining('peers/peers.json: peers.No Name: must be a name of small letters'),
      expect.stringContaining('peers/peers.json: peers.auth.entrance: belongs to the role gateway'),
      expect.stringContaining('peers/peers.json: peers.gateway-user.entrance: belongs to the role gateway'),
      expect.stringContaining('peers/peers.json: peers.portal.keys: must be a list of one key or two'),
      expect.stringContaining('peers/peers.json: peers.portal.role: must be gateway or subgraph'),
      'portal/key.json: keys[0].d: must be 32 bytes in base64url',
      'portal/key.json: keys[0].kty: must be OKP',
      'portal/key.json: the file: knows no note',
    ]);
    expect(faults.join()).not.toContain('secret-of-portal');
  });

  test('says that a file is no JSON without quoting it', async () => {
    replace(proofPathsOf(folder, 'portal').keyFile, '{"d":"secret-of-portal"');
    expect(await faultsOf('portal')).toEqual(['portal/key.json: is not JSON']);
  });

  test.each<[string, (peers: Loose) => void, string]>([
    [
      'a private key',
      (peers) => Object.assign(peers.auth.keys[0], { d: 'A'.repeat(43) }),
      'peers.auth.keys[0].d: is a private key',
    ],
    ['no entry of its own', (peers) => delete peers.portal, 'peers.portal: is missing'],
    [
      'a key under two names',
      (peers) => Object.assign(peers.auth.keys, peers['gateway-user'].keys),
      'keys[0]: is also peers.gateway-user.keys[0]',
    ],
    [
      'three keys',
      (peers) => peers.auth.keys.push(...peers.portal.keys, ...peers['gateway-user'].keys),
      'must be a list of one key or two',
    ],
    [
      'a point of low order',
      (peers) => Object.assign(peers.auth.keys[0], { x: 'A'.repeat(43) }),
      'peers.auth.keys[0].x: is a point of low order',
    ],
    [
      'another point of low order',
      (peers) => Object.assign(peers.auth.keys[0], { x: `AQ${'A'.repeat(41)}` }),
      'peers.auth.keys[0].x: is a point of low order',
    ],
    [
      'a key in another spelling',
      (peers) => Object.assign(peers.auth.keys[0], { x: `${'A'.repeat(42)}B` }),
      'peers.auth.keys[0].x: must be 32 bytes',
    ],
    [
      'a separator in a name',
      (peers) => Object.assign(peers, { 'a|b': peers.auth }),
      'peers.a|b: must be a name',
    ],
  ])('does not start with %s in peers.json', async (_title, change, fault) => {
    edit('peers', ({ peers }) => change(peers));
    expect((await faultsOf('portal')).join('\n')).toContain(fault);
  });

  test('does not start with a public half that is not of its private one', async () => {
    edit('portal', ({ keys }) => Object.assign(keys[0], { x: set.keyFiles.auth?.keys[0]?.x }));
    expect((await faultsOf('portal'))[0]).toContain('keys[0].x: is not the public half of keys[0].d');
  });
});

test('does not start with one key twice: it would look as if two could be told apart', async () => {
  edit('portal', ({ keys }) => keys.push(...keys));
  expect(await faultsOf('portal')).toEqual(['portal/key.json: keys: are the same key twice']);
});

describe('while it runs', () => {
  test('takes new files without a restart, and says so', async () => {
    const watched = createWatchedLogger();
    const [gateway, portal] = [await open('gateway-user'), await open('portal', watched)];
    const next = createProofSet(members);
    replace(proofPathsOf(folder, 'portal').keyFile, JSON.stringify(next.keyFiles.portal));
    replace(proofPathsOf(folder, 'gateway-user').keyFile, JSON.stringify(next.keyFiles['gateway-user']));
    replace(proofPathsOf(folder, 'portal').peersFile, JSON.stringify(next.peers), 0o644);
    await vi.waitFor(() => {
      const { 'signature-input': input } = gateway.signer.sign('portal', aMessage);
      expect(input).toContain(thumbprintOf(next.peers.peers['gateway-user']?.keys[0]?.x ?? 'none'));
      expect(send(gateway, portal).sender.name).toBe('gateway-user');
      expect(watched.info).toHaveBeenCalledWith(
        expect.objectContaining({ keys: expect.any(Array) }),
        'Proof keys reread',
      );
    }, 5000);
  });

  test.each<[string, () => void]>([
    ['is gone', () => rmSync(proofPathsOf(folder, 'portal').keyFile)],
    ['is half written', () => replace(proofPathsOf(folder, 'portal').keyFile, '{"name":"portal","ke')],
    ['is open to others', () => chmodSync(proofPathsOf(folder, 'portal').keyFile, 0o644)],
    [
      'is huge',
      () =>
        replace(
          proofPathsOf(folder, 'portal').keyFile,
          JSON.stringify(set.keyFiles.portal) + ' '.repeat(70_000),
        ),
    ],
    ['knows it no more', () => edit('peers', ({ peers }) => delete peers.portal)],
  ])('keeps its keys where a file %s, says it once, and takes the next good one', async (_title, spoil) => {
    const watched = createWatchedLogger();
    const [gateway, portal] = [await open('gateway-user'), await open('portal', watched)];
    gateway.stop();
    spoil();
    await vi.waitFor(() => expect(watched.error).toHaveBeenCalled(), 30_000);
    expect(send(gateway, portal).sender.name).toBe('gateway-user');
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(watched.error).toHaveBeenCalledTimes(1);
    expect(JSON.stringify(watched.error.mock.calls)).not.toContain(set.keyFiles.portal?.keys[0]?.d);

    const second = createProofSet(members).keyFiles.portal?.keys ?? [];
    edit('portal', ({ keys }) => keys.push(...second));
    edit('peers', ({ peers }) => peers.portal.keys.push({ kty: 'OKP', crv: 'X25519', x: second[0]?.x }));
    await vi.waitFor(
      () => expect(watched.info.mock.lastCall?.[0]).toMatchObject({ keys: { length: 2 } }),
      5000,
    );
    expect(send(gateway, portal).sender.name).toBe('gateway-user');
  });

  test('looks at files no more once it has stopped', async () => {
    const watched = createWatchedLogger();
    const portal = await open('portal', watched);
    portal.stop();
    rmSync(proofPathsOf(folder, 'portal').keyFile);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(watched.error).not.toHaveBeenCalled();
  });
});
