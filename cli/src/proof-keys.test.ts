import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  openProofIdentity,
  type ProofIdentity,
  proofMembers,
  proofPathsOf,
  readProofSet,
} from '@signet/proof';
import { createLogger } from '@signet/service';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runKeysCommand } from '../run-keys-command.ts';
import { runProofCommand } from './run-proof-command.ts';

const start = Date.UTC(2026, 0, 1);
let parent: string;
let folder: string;
let minutes: number;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'signet-proof-cli-'));
  folder = join(parent, 'set');
  minutes = 0;
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

/** A minute later at each call. */
function run(words: string) {
  const lines = { out: '', err: '' };
  const code = runProofCommand({
    argv: words.split(' ').filter(Boolean),
    env: { SIGNET_HOME: join(parent, 'home') },
    now: () => new Date(start + minutes++ * 60_000),
    print: (text) => {
      lines.out += text;
    },
    printError: (text) => {
      lines.err += text;
    },
  });
  return { code, ...lines };
}
const init = () => run(`init --out ${folder}`);
const rotate = (words: string) => run(`rotate ${words} --folder ${folder}`);

function snapshot(of = folder) {
  return Object.fromEntries(
    readdirSync(of, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), 'utf8')]),
  );
}
const secretsOf = (of = folder) =>
  Object.values(readProofSet(of).keyFiles).flatMap(({ keys }) => keys.map(({ d }) => d));

describe('npm run keys -- proof', () => {
  it('makes a set that every process can start with, and prints nothing secret', async () => {
    const { code, out } = init();
    expect(code).toBe(0);
    for (const { name } of proofMembers) {
      expect(out).toContain(name);
      expect(statSync(proofPathsOf(folder, name).keyFile).mode & 0o777).toBe(0o600);
      (await openTwin(name)).stop();
    }
    expect(secretsOf().filter((secret) => out.includes(secret))).toEqual([]);
  });

  it('never writes over a set', () => {
    init();
    const before = snapshot();
    expect(init()).toMatchObject({
      code: 1,
      err: expect.stringContaining('is not empty: the keys there stay'),
    });
    expect(snapshot()).toEqual(before);
  });

  it('lists the keys and where a rotation stands, and nothing secret', () => {
    init();
    rotate('publish orders');
    const { code, out } = run(`list --folder ${folder}`);
    expect(code).toBe(0);
    expect(out).toMatch(
      /orders {2,}subgraph {2}[\w-]{43} {2}in use\n {2,}[\w-]{43} {2}next, published 2026-01-01T00:01:00Z/,
    );
    expect(out).toMatch(/gateway-user {2,}entrance {2}[\w-]{43} {2}in use\n/);
    expect(secretsOf().filter((secret) => out.includes(secret))).toEqual([]);
  });

  it('works on the keys of npm start without --folder', () => {
    run(`init --out ${join(parent, 'home', 'proof')}`);
    expect(run('list').out).toContain('gateway-portal');
    expect(run('rotate publish').code).toBe(0);
    expect(secretsOf(join(parent, 'home', 'proof'))).toHaveLength(2 * proofMembers.length);
  });

  it('rotates all keys step by step while processes go on', async () => {
    init();
    const [gateway, orders] = [await openTwin('gateway-user'), await openTwin('orders')];
    const before = secretsOf();
    let sent = 0;
    const send = () => {
      const message = {
        method: 'POST',
        path: '/graphql',
        query: '',
        headers: { 'content-type': 'application/json', 'signet-context': 'id="1", entrance="user"' },
        body: '{}',
      };
      const headers = { ...message.headers, ...gateway.signer.sign('orders', message) };
      orders.verifier.verify({ ...message, headers });
      sent++;
      return headers['signature-input'];
    };
    const inUse = new Set([keyIdOf(send())]);
    try {
      for (const step of ['publish', 'switch', 'remove']) {
        expect(rotate(step)).toMatchObject({ code: 0 });
        const until = Date.now() + 150;
        while (Date.now() < until) {
          inUse.add(keyIdOf(send()));
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      }
      await vi.waitFor(() => expect(inUse.add(keyIdOf(send())).size).toBeGreaterThan(1), 5000);
    } finally {
      gateway.stop();
      orders.stop();
    }
    expect(sent).toBeGreaterThan(50);
    expect(secretsOf().filter((secret) => before.includes(secret))).toEqual([]);
  });

  it('rotates the services named, and no other', () => {
    init();
    const before = readProofSet(folder);
    for (const step of ['publish', 'switch', 'remove']) expect(rotate(`${step} orders catalog`).code).toBe(0);
    const after = readProofSet(folder);
    const changed = Object.keys(after.keyFiles).filter(
      (name) => after.keyFiles[name]?.keys[0]?.x !== before.keyFiles[name]?.keys[0]?.x,
    );
    expect(changed.sort()).toEqual(['catalog', 'orders']);
  });

  it('replaces stolen keys at once', () => {
    init();
    const before = readProofSet(folder).keyFiles.orders?.keys[0]?.x;
    expect(run(`replace orders --folder ${folder}`)).toMatchObject({ code: 0 });
    expect(readProofSet(folder).keyFiles.orders?.keys).toEqual([expect.not.objectContaining({ x: before })]);
  });

  it('adds a subgraph', async () => {
    init();
    expect(run(`add reviews --folder ${folder}`)).toMatchObject({
      code: 0,
      out: expect.stringContaining('reviews'),
    });
    (await openTwin('reviews')).stop();
  });

  it.each([
    ['rotate switch', 'its next step is publish'],
    ['rotate publish nobody', 'nobody: is not in this set'],
    ['replace orders nobody', 'nobody: is not in this set'],
    ['add orders', 'orders: has keys already'],
    ['add Re|views', 'must be a name of small letters'],
    ['add peers', 'must be a name of small letters'],
  ])('changes nothing where it says no to "%s"', (words, fault) => {
    init();
    const before = snapshot();
    expect(run(`${words} --folder ${folder}`)).toMatchObject({
      code: 1,
      err: expect.stringContaining(fault),
    });
    expect(snapshot()).toEqual(before);
  });

  it('makes the next step wait until everybody can have read the last', () => {
    init();
    rotate('publish');
    minutes -= 0.5;
    const before = snapshot();
    expect(rotate('switch')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/must wait until 2026-01-01T00:02:00Z/),
    });
    expect(snapshot()).toEqual(before);
  });

  it('changes nothing where a file is broken, and names it without its content', () => {
    init();
    const { keyFile } = proofPathsOf(folder, 'orders');
    writeFileSync(keyFile, '{"secret-of-orders');
    const before = snapshot();
    const { code, err } = rotate('publish');
    expect({ code, err }).toEqual({ code: 1, err: `${keyFile}: is not JSON` });
    expect(snapshot()).toEqual(before);
  });

  it('changes nothing where a file can not be written', () => {
    init();
    const before = snapshot();
    mkdirSync(join(folder, 'peers', 'peers.json.new', 'x'), { recursive: true });
    const { code, err } = rotate('publish');
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(/^Nothing was changed: /) });
    expect(snapshot()).toEqual(before);
  });

  it.each([
    ['', 'Which command of proof?'],
    ['turn', "Unknown command 'proof turn'."],
    ['init', 'Into which folder? --out <folder>.'],
    ['init x --out y', "'x' is one word too many."],
    ['init --out x --folder y', '--folder is where a set lies already'],
    ['list --out x', '--out belongs to proof init.'],
    ['list orders', "'orders' is one word too many."],
    ['list', "peers.json: can't be read (ENOENT)"],
    ['add', 'Which service?'],
    ['rotate', 'Which step? publish, switch, remove: in this order.'],
    ['rotate orders', 'Which step?'],
    ['rotate publish', "can't be written to (ENOENT)"],
    ['replace', 'Whose keys?'],
    ['list --loud', "Unknown option '--loud'."],
  ])('says what is wrong with "%s"', (words, fault) => {
    const { code, err } = run(words);
    expect(code).toBe(1);
    expect(err).toContain(fault);
  });

  it('is a part of npm run keys, and needs no database', async () => {
    const print = vi.fn();
    const argv = ['proof', 'init', '--out', folder];
    const io = { argv, env: {}, stdin: process.stdin, print, printError: print };
    expect(await runKeysCommand(io)).toBe(0);
    expect(readdirSync(folder)).toContain('orders');
  });
});

async function openTwin(name: string): Promise<ProofIdentity> {
  const logger = createLogger('test', 'silent');
  return openProofIdentity({ name, ...proofPathsOf(folder, name), logger, pollIntervalMs: 10 });
}

const keyIdOf = (input: string) => /keyid="([^"]+)"/.exec(input)?.[1];
