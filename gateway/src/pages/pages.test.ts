import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PagesOptions } from './layout.ts';
import { registerPages } from './pages.ts';
import { sampleOptions } from './sample-graph.test-support.ts';

const browser = { accept: 'text/html,*/*;q=0.8' };
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-explorer-'));
  mkdirSync(join(folder, 'assets'));
  const entry = { file: 'assets/main-1.js', css: ['assets/main-2.css'], isEntry: true };
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ 'src/main.tsx': entry }));
  writeFileSync(join(folder, 'assets/main-1.js'), 'console.log(1);'.repeat(100));
  writeFileSync(join(folder, 'assets/main-1.js.map'), '{}');
  writeFileSync(join(folder, 'assets/main-2.css'), 'main { color: red }');
});
afterAll(() => rmSync(folder, { recursive: true }));

function serve(options: Partial<PagesOptions> = {}): FastifyInstance {
  const server = Fastify();
  registerPages(server, { ...sampleOptions, ...options }, folder);
  server.setNotFoundHandler((_request, reply) => reply.code(404).send({ ours: true }));
  return server;
}

/** Addresses of this server's own files in a page. */
function findFiles(page: string): string[] {
  return [...page.matchAll(/(?:href|src)="(\/(?:page-files|explorer\/assets)\/[^"]+)"/g)].flatMap(
    ([, url]) => url ?? [],
  );
}

describe('which pages there are', () => {
  it.each([
    ['/', { sandbox: false }],
    ['/explorer', { explorer: false }],
  ])('answers %s like an unknown address when %o', async (url, options) => {
    const response = await serve(options).inject({ url, headers: browser });
    expect(response.statusCode).toBe(404);
    expect(response.json()).toEqual({ ours: true });
  });

  it('links to no page that is off', async () => {
    const page = await serve({ explorer: false }).inject({ url: '/', headers: browser });
    expect(page.body).not.toContain('"/explorer"');
    const explorer = await serve({ sandbox: false }).inject({ url: '/explorer', headers: browser });
    expect(explorer.body).not.toContain('href="/"');
  });

  it('adds no route at all when both are off', () => {
    const server = Fastify();
    registerPages(server, { ...sampleOptions, sandbox: false, explorer: false });
    expect(server.printRoutes()).toBe(Fastify().printRoutes());
  });

  it.each([['*/*'], ['application/json'], [undefined]])(
    'gives / to browsers only, not to Accept: %s',
    async (accept) => {
      const response = await serve().inject({ url: '/', headers: accept === undefined ? {} : { accept } });
      expect(response.json()).toEqual({ ours: true });
      expect(response.headers.vary).toBe('accept');
    },
  );
});

describe.each(['/', '/explorer'])('%s', (url) => {
  it('forbids inline scripts, framing, base and form targets, sniffing, referrers and keeping', async () => {
    const { headers, body } = await serve().inject({ url, headers: browser });
    const policy = String(headers['content-security-policy']);
    expect(policy).toMatch(
      /^default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; script-src /,
    );
    expect(policy).not.toMatch(/script-src[^;]*('unsafe|\*)/);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    expect(body).not.toMatch(/<script(?![^>]*(type="application\/json"|src="\/))/);
    expect(body).not.toMatch(/ on\w+=|<style| style=/);
  });

  it('says nothing that the Host header says', async () => {
    const { body, headers } = await serve().inject({ url, headers: { ...browser, host: 'evil.example' } });
    expect(body + JSON.stringify(headers)).not.toContain('evil.example');
  });

  it('embeds hostile options as text', async () => {
    const hostile = `</script><img src=x onerror=alert(1)>"'\u2028`;
    const { body } = await serve({
      accounts: [{ email: hostile, password: hostile, platform: 'user', label: hostile }],
      exampleOperations: [{ name: hostile, document: '{ me { id } }', variables: { hostile } }],
    }).inject({ url, headers: browser });
    expect(body).not.toContain('<img src=x');
    const config = /<script type="application\/json" id="page-config">(.*?)<\/script>/s.exec(body)?.[1] ?? '';
    expect(config).not.toMatch(/[<>\u2028]/);
    expect(JSON.parse(config).accounts[0].label).toBe(hostile);
  });

  it('gives away no password when there are no accounts', async () => {
    const { body } = await serve({ accounts: [], exampleOperations: [] }).inject({ url, headers: browser });
    expect(body).not.toContain('correct horse');
    expect(body).not.toContain('Sign in as</span>');
  });

  it('has all of its files here, to be kept for a year', async () => {
    const server = serve();
    const files = findFiles((await server.inject({ url, headers: browser })).body);
    expect(files.length).toBeGreaterThan(2);
    for (const file of files) {
      const { statusCode, headers } = await server.inject({ url: file });
      expect([file, statusCode]).toEqual([file, 200]);
      expect(headers).toMatchObject({
        'cache-control': 'public, max-age=31536000, immutable',
        'x-content-type-options': 'nosniff',
        etag: expect.stringMatching(/^(W\/)?".+"$/),
      });
      const again = await server.inject({ url: file, headers: { 'if-none-match': String(headers.etag) } });
      expect([file, again.statusCode, again.body]).toEqual([file, 304, '']);
    }
  });
});

it('lets only Apollo’s script and frame into the Sandbox page', async () => {
  const { headers } = await serve().inject({ url: '/', headers: browser });
  const origins = String(headers['content-security-policy']).match(/https?:[^ ;]+/g);
  expect(origins).toEqual([
    'https://embeddable-sandbox.cdn.apollographql.com',
    'https://sandbox.embed.apollographql.com',
  ]);
});

it('lets no other origin into the explorer', async () => {
  const { headers } = await serve().inject({ url: '/explorer', headers: browser });
  expect(headers['content-security-policy']).not.toMatch(/https?:|\*/);
});

it.each(['/page-files/x/../../pages.ts', '/explorer/assets/../manifest.json', '/explorer/assets/__proto__'])(
  'has no file at %s',
  async (url) => {
    expect((await serve().inject({ url })).statusCode).toBe(404);
  },
);

it('serves no source maps and no names outside of the two folders', async () => {
  const server = serve();
  const page = await server.inject({ url: '/explorer', headers: browser });
  const file = findFiles(page.body).find((name) => name.includes('/explorer/assets/'));
  const address = String(file).replace(/[^/]+$/, '');
  for (const name of [
    'main-1.js.map',
    '..%2fmanifest.json',
    '__proto__',
    'constructor',
    '..%2f..%2fpackage.json',
    '%00',
  ]) {
    expect([name, (await server.inject({ url: address + name })).statusCode]).toEqual([name, 404]);
  }
});

it('says that the explorer is not built yet, and finds its files as soon as they are there', async () => {
  const server = Fastify();
  const later = join(folder, 'later');
  registerPages(server, sampleOptions, later);
  const before = await server.inject({ url: '/explorer', headers: browser });
  expect(before).toMatchObject({ statusCode: 503, headers: { refresh: '2', 'cache-control': 'no-store' } });
  mkdirSync(later);
  writeFileSync(
    join(later, 'manifest.json'),
    JSON.stringify({ main: { file: 'assets/main-3.js', isEntry: true } }),
  );
  const { statusCode, body } = await server.inject({ url: '/explorer', headers: browser });
  expect([statusCode, body]).toEqual([200, expect.stringContaining('src="/explorer/assets/main-3.js"')]);
});

it('reads a file once, however many ask for it', async () => {
  const server = Fastify();
  const sent = new Set<unknown>();
  server.addHook('onSend', async (request, _reply, payload) => {
    if (request.url.includes('/explorer/assets/')) sent.add(payload);
  });
  registerPages(server, sampleOptions, folder);
  const answers = await Promise.all(
    ['', '', '?a=1'].map((rest) => server.inject({ url: `/explorer/assets/main-1.js${rest}` })),
  );
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200]);
  expect(sent.size).toBe(1);
});
