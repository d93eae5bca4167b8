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
import { run as runSignet } from './run-command.test-support.ts';

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
  const at = new Date(start + minutes++ * 60_000);
  return runSignet(`keys proof ${words}`, { env: { SIGNET_HOME: join(parent, 'home') }, now: () => at });
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

describe('npx signet keys proof', async () => {
  it('makes a set that every process can start with, and prints nothing secret', async () => {
    const { code, out } = await init();
    expect(code).toBe(0);
    for (const { name } of proofMembers) {
      expect(out).toContain(name);
      expect(statSync(proofPathsOf(folder, name).keyFile).mode & 0o777).toBe(0o600);
      (await openTwin(name)).stop();
    }
    expect(secretsOf().filter((secret) => out.includes(secret))).toEqual([]);
  });

  it("makes a set for another graph: the gateway's entrances and the subgraphs that are named", async () => {
    expect(await run(`init --out ${folder} --subgraph products --subgraph reviews`)).toMatchObject({
      code: 0,
      err: '',
    });
    expect(Object.keys(readProofSet(folder).keyFiles)).toEqual([
      'gateway-graph',
      'gateway-user',
      'gateway-portal',
      'products',
      'reviews',
    ]);
    const again = await run(`init --out ${join(parent, 'other')} --subgraph products --subgraph products`);
    expect(again).toMatchObject({ code: 1, err: expect.stringMatching(/products/) });
  });

  it('never writes over a set', async () => {
    await init();
    const before = snapshot();
    expect(await init()).toMatchObject({
      code: 1,
      err: expect.stringContaining('is not empty: the keys there stay'),
    });
    expect(snapshot()).toEqual(before);
  });

  it('lists the keys and where a rotation stands, and nothing secret', async () => {
    await init();
    await rotate('publish portal');
    const { code, out } = await run(`list --folder ${folder}`);
    expect(code).toBe(0);
    expect(out).toMatch(
      /portal {2,}subgraph {2}[\w-]{43} {2}in use\n {2,}[\w-]{43} {2}next, published 2026-01-01T00:01:00Z/,
    );
    expect(out).toMatch(/gateway-user {2,}entrance {2}[\w-]{43} {2}in use\n/);
    expect(secretsOf().filter((secret) => out.includes(secret))).toEqual([]);
  });

  it('works on the keys of npm start without --folder', async () => {
    await run(`init --out ${join(parent, 'home', 'proof')}`);
    expect((await run('list')).out).toContain('gateway-portal');
    expect((await run('rotate publish')).code).toBe(0);
    expect(secretsOf(join(parent, 'home', 'proof'))).toHaveLength(2 * proofMembers.length);
  });

  it('rotates all keys step by step while processes go on', async () => {
    await init();
    const [gateway, portal] = [await openTwin('gateway-user'), await openTwin('portal')];
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
      const headers = { ...message.headers, ...gateway.signer.sign('portal', message) };
      portal.verifier.verify({ ...message, headers });
      sent++;
      return headers['signature-input'];
    };
    const inUse = new Set([keyIdOf(send())]);
    try {
      for (const step of ['publish', 'switch', 'remove']) {
        expect(await rotate(step)).toMatchObject({ code: 0 });
        const [until, enough] = [Date.now() + 150, sent + 20];
        while (Date.now() < until || sent < enough) {
          inUse.add(keyIdOf(send()));
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      }
      await vi.waitFor(() => expect(inUse.add(keyIdOf(send())).size).toBeGreaterThan(1), 30_000);
    } finally {
      gateway.stop();
      portal.stop();
    }
    expect(sent).toBeGreaterThan(50);
    expect(secretsOf().filter((secret) => before.includes(secret))).toEqual([]);
  });

  it('rotates the services named, and no other', async () => {
    await init();
    const before = readProofSet(folder);
    for (const step of ['publish', 'switch', 'remove'])
      expect((await rotate(`${step} portal auth`)).code).toBe(0);
    const after = readProofSet(folder);
    const changed = Object.keys(after.keyFiles).filter(
      (name) => after.keyFiles[name]?.keys[0]?.x !== before.keyFiles[name]?.keys[0]?.x,
    );
    expect(changed.sort()).toEqual(['auth', 'portal']);
  });

  it('replaces stolen keys at once', async () => {
    await init();
    const before = readProofSet(folder).keyFiles.portal?.keys[0]?.x;
    expect(await run(`replace portal --folder ${folder}`)).toMatchObject({ code: 0 });
    expect(readProofSet(folder).keyFiles.portal?.keys).toEqual([expect.not.objectContaining({ x: before })]);
  });

  it('adds a subgraph', async () => {
    await init();
    expect(await run(`add reviews --folder ${folder}`)).toMatchObject({
      code: 0,
      out: expect.stringContaining('reviews'),
    });
    (await openTwin('reviews')).stop();
  });

  it.each([
    ['rotate switch', 'its next step is publish'],
    ['rotate publish nobody', 'nobody: is not in this set'],
    ['replace portal nobody', 'nobody: is not in this set'],
    ['add portal', 'portal: has keys already'],
    ['add Re|views', 'must be a name of small letters'],
    ['add peers', 'must be a name of small letters'],
  ])('changes nothing where it says no to "%s"', async (words, fault) => {
    await init();
    const before = snapshot();
    expect(await run(`${words} --folder ${folder}`)).toMatchObject({
      code: 1,
      err: expect.stringContaining(fault),
    });
    expect(snapshot()).toEqual(before);
  });

  it('makes the next step wait until everybody can have read the last', async () => {
    await init();
    await rotate('publish');
    minutes -= 0.5;
    const before = snapshot();
    expect(await rotate('switch')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/must wait until 2026-01-01T00:02:00Z/),
    });
    expect(snapshot()).toEqual(before);
  });

  it('changes nothing where a file is broken, and names it without its content', async () => {
    await init();
    const { keyFile } = proofPathsOf(folder, 'portal');
    writeFileSync(keyFile, '{"secret-of-portal');
    const before = snapshot();
    const { code, err } = await rotate('publish');
    expect({ code, err }).toEqual({ code: 1, err: `${keyFile}: is not JSON\n` });
    expect(snapshot()).toEqual(before);
  });

  it('changes nothing where a file can not be written', async () => {
    await init();
    const before = snapshot();
    mkdirSync(join(folder, 'peers', 'peers.json.new', 'x'), { recursive: true });
    const { code, err } = await rotate('publish');
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(/^Nothing was changed: /) });
    expect(snapshot()).toEqual(before);
  });

  it.each([
    ['', 'Usage: signet keys proof'],
    ['turn', "Unknown command 'turn'."],
    ['init', 'Missing --out <folder>.'],
    ['init x --out y', 'Too many arguments'],
    ['init --out x --folder y', "Unknown option '--folder'."],
    ['list --out x', "Unknown option '--out'."],
    ['list portal', 'Too many arguments'],
    ['add', "Missing required argument 'service'."],
    ['rotate', "Missing required argument 'step'."],
    ['rotate portal', "is invalid for argument 'step'. Allowed choices are publish, switch, remove."],
    ['replace', "Missing required argument 'service'."],
    ['list --loud', "Unknown option '--loud'."],
  ])('refuses the command line "%s", exit 2', async (words, fault) => {
    const { code, err } = await run(words);
    expect(code).toBe(2);
    expect(err).toContain(fault);
  });

  it.each([
    ['list', "peers.json: can't be read (ENOENT)"],
    ['rotate publish', "can't be written to (ENOENT)"],
  ])('says what is wrong with "%s" where there is no set', async (words, fault) => {
    const { code, err } = await run(words);
    expect(code).toBe(1);
    expect(err).toContain(fault);
  });

  it('needs no database', async () => {
    expect(await runSignet(`keys proof init --out ${folder}`)).toMatchObject({ code: 0, err: '' });
    expect(readdirSync(folder)).toContain('portal');
  });
});

async function openTwin(name: string): Promise<ProofIdentity> {
  const logger = createLogger('test', 'silent');
  return openProofIdentity({ name, ...proofPathsOf(folder, name), logger, pollIntervalMs: 10 });
}

const keyIdOf = (input: string) => /keyid="([^"]+)"/.exec(input)?.[1];
