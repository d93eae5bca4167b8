import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Page } from 'playwright-core';
import { describe, expect, test, vi } from 'vitest';
import { registerConsole } from '../../gateway/src/pages/built-app.ts';
import { putInPlace } from '../put-in-place.ts';
import type { Console } from './console.test-support.ts';

const folder = join(import.meta.dirname, '..');

/** Long tables, exports, an upgrade under an open tab, several tabs. */
export function testQuality(staff: Console): void {
  describe('a table', () => {
    test('of 100,000 rows has few of them in the document, and a keyboard reaches each', async () => {
      const page = await staff.open('customers');
      await page.getByRole('table').waitFor();
      const heapBefore = await measureHeap(page);
      await page.route('**/graphql', (route) =>
        route.request().postData()?.includes('query Customers(')
          ? route.fulfill({ json: { data: { customers: pageOf(100_000) } } })
          : route.continue(),
      );
      await page.getByLabel('Search by address or name').fill('example');
      await page.getByText('100000 shown').waitFor();
      const table = page.getByRole('table');
      expect(await table.getAttribute('aria-rowcount')).toBe('100001');
      const body = page.locator('.table-body');
      const indexes = () =>
        page.evaluate(
          `[...document.querySelectorAll('.table-body [role=row]')].map((row) => Number(row.getAttribute('aria-rowindex')))`,
        ) as Promise<number[]>;
      await body.focus();
      const walk: [key: string, isThere: (first: number, last: number) => boolean][] = [
        ['End', (_first, last) => last === 100_001],
        ['Home', (first) => first === 2],
        ['PageDown', (first, last) => first > 2 || last > 28],
        ['End', (_first, last) => last === 100_001],
      ];
      for (const [key, isThere] of walk) {
        await page.keyboard.press(key);
        await expect
          .poll(async () => {
            const shown = await indexes();
            return isThere(shown[0] ?? 0, shown.at(-1) ?? 0);
          })
          .toBe(true);
        expect((await indexes()).length).toBeLessThan(80);
      }
      // The focus stays on a link whose row is scrolled away, and the keys scroll on.
      await page.keyboard.press('Home');
      const first = body.getByRole('link', { name: 'Customer 1', exact: true });
      await first.focus();
      await page.keyboard.press('End');
      await body.getByRole('link', { name: 'Customer 100000', exact: true }).waitFor();
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Customer 1');
      // The rows' data, once: 100,000 objects of seven fields.
      expect((await measureHeap(page)) - heapBefore).toBeLessThan(120_000_000);
    });
  });

  describe('an export', () => {
    const eventsOf = (first: number, isLast: boolean) => ({
      edges: Array.from({ length: 100 }, (_, index) => ({
        node: {
          id: String(first + index),
          happenedAt: '2026-11-29T12:00:00Z',
          kind: 'auth.login.success',
          side: 'user',
          actorId: null,
          staff: null,
          subjectId: null,
          address: null,
          requestId: null,
          details: [],
        },
      })),
      pageInfo: { hasNextPage: !isLast, endCursor: String(first + 100) },
    });
    /** Pages of the log come from here; those from `stopped.from` on fail, as long as it is set. */
    async function answerPages(
      page: Page,
      stopped: { from: number | undefined },
      total = 1000,
    ): Promise<void> {
      await page.route('**/graphql', (route) => {
        const sent = route.request().postDataJSON() as {
          query: string;
          variables: { first: number; after?: string };
        };
        if (!sent.query.startsWith('query AuditLog') || sent.variables.first !== 100) return route.continue();
        const first = Number(sent.variables.after ?? 0);
        if (stopped.from !== undefined && first >= stopped.from)
          return route.fulfill({
            status: 403,
            json: {
              errors: [{ message: 'No.', extensions: { code: 'FORBIDDEN', reason: 'authz.scope.deny' } }],
            },
          });
        return route.fulfill({ json: { data: { auditLog: eventsOf(first, first + 100 >= total) } } });
      });
    }

    test('goes to a file while it comes, says where it stopped, and goes on from there', async () => {
      const page = await staff.open('audit');
      await page.getByRole('table').waitFor();
      // The dialog for files is the browser's own: a file of the origin stands in for the one that a person would choose.
      await page.evaluate(
        `window.showSaveFilePicker = async () => (await navigator.storage.getDirectory()).getFileHandle('export', { create: true })`,
      );
      const readFile = () =>
        page.evaluate(
          `navigator.storage.getDirectory().then((folder) => folder.getFileHandle('export')).then((handle) => handle.getFile()).then((file) => file.text())`,
        ) as Promise<string>;
      const stopped: { from: number | undefined } = { from: 300 };
      await answerPages(page, stopped);
      await page.getByRole('button', { name: 'Export as CSV' }).click();
      await page.getByText('The export stopped after 300 events').waitFor();
      stopped.from = undefined;
      await page.getByRole('button', { name: 'Go on' }).click();
      await page.getByText('1,000 events are in the file.').waitFor();
      const lines = (await readFile()).trimEnd().split('\r\n');
      expect(lines).toHaveLength(1001);
      expect(new Set(lines).size).toBe(1001);

      stopped.from = 200;
      await page.getByRole('button', { name: 'Export as JSON lines' }).click();
      await page.getByText('The export stopped after 200 events').waitFor();
      await page.getByRole('button', { name: 'Cancel the export' }).click();
      // What was written is thrown away: the file is that of before.
      await expect.poll(async () => (await readFile()).split('\r\n').length).toBe(1002);
    });

    test('is saved at its end where the browser writes no files, as far as it came', async () => {
      const page = await staff.open('audit');
      await page.getByRole('table').waitFor();
      await page.evaluate('window.showSaveFilePicker = undefined');
      await answerPages(page, { from: 500 });
      await page.getByRole('button', { name: 'Export as JSON lines' }).click();
      await page.getByText('The export stopped after 500 events').waitFor();
      const download = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Keep what there is' }).click();
      const chunks: Buffer[] = [];
      for await (const chunk of await (await download).createReadStream()) chunks.push(chunk as Buffer);
      expect(Buffer.concat(chunks).toString().trimEnd().split('\n')).toHaveLength(500);
    });
  });

  describe('an upgrade under an open tab', () => {
    test('offers to load the page again, which leads on and keeps what was typed', async () => {
      await using served = await serveCopy(staff);
      const page = await staff.context.newPage();
      await page.goto(new URL('customers?search=diego', served.base).href);
      await staff.signIn(page, 'admin@example.com');
      await page.getByRole('link', { name: /Diego/ }).click();
      await page.getByLabel('Add a note').fill('Typed before the upgrade.');
      await served.upgrade();
      await page.getByRole('link', { name: 'Audit log', exact: true }).click();
      await page.getByText('The platform was upgraded').waitFor();
      // Still there, with what was typed.
      expect(await page.getByLabel('Add a note').inputValue()).toBe('Typed before the upgrade.');
      await page.getByRole('button', { name: 'Reload' }).click();
      await page.getByRole('table', { name: 'Audit log' }).waitFor();
      await page.getByText('Next console', { exact: true }).waitFor();
      await page.getByRole('link', { name: 'Customers' }).click();
      await page.getByRole('link', { name: /Diego/ }).click();
      expect(await page.getByLabel('Add a note').inputValue()).toBe('Typed before the upgrade.');
      expect(await page.evaluate('JSON.stringify({ ...sessionStorage })')).toBe('{}');
      await page.getByLabel('Add a note').fill('');
    });

    test.each(['GRAPHQL_VALIDATION_FAILED', 'request.document'])(
      'offers it too where an operation is not known any more: %s',
      async (reason) => {
        const page = await staff.open('customers');
        await page.route('**/graphql', (route) =>
          route.request().postData()?.includes('query Customers(')
            ? route.fulfill({
                status: 400,
                json: { errors: [{ message: 'x', extensions: { code: 'BAD_USER_INPUT', reason } }] },
              })
            : route.continue(),
        );
        await page.getByLabel('Search by address or name').fill('lena');
        await page.getByText('does not know this request any more').waitFor();
        expect(await page.getByRole('button', { name: 'Reload' }).count()).toBe(1);
      },
    );
  });

  describe('two tabs', () => {
    test('sign out together, and one shows nothing of whoever signs in in the other', async () => {
      const one = await staff.open('audit');
      const other = await staff.context.newPage();
      await other.goto(new URL('customers', staff.base).href);
      await other.getByRole('table').waitFor();
      await one.getByRole('table').waitFor();
      await other.getByRole('button', { name: 'Sign out' }).click();
      await one.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
      expect(await one.getByRole('table').count()).toBe(0);
      await staff.signIn(one, 'support@example.com');
      await other.getByText('support@example.com').waitFor();
      await one.getByText('Your role does not allow this.').waitFor();
      expect(await other.getByRole('link', { name: 'Audit log' }).count()).toBe(0);
    });
  });
}

function pageOf(count: number) {
  return {
    edges: Array.from({ length: count }, (_, index) => ({
      node: {
        id: `id-${index}`,
        email: `customer${index + 1}@example.com`,
        emailVerified: true,
        fullName: `Customer ${index + 1}`,
        createdAt: '2026-01-01T00:00:00Z',
        isActive: true,
      },
    })),
    pageInfo: { hasNextPage: false, endCursor: null },
  };
}

/** Bytes that the page's scripts hold, after what is garbage has gone. */
async function measureHeap(page: Page): Promise<number> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = (await devtools.send('Runtime.getHeapUsage')) as { usedSize: number };
  await devtools.detach();
  return usedSize;
}

/** The console from a folder of its own, which can be replaced, before the same platform. */
async function serveCopy(staff: Console) {
  const home = mkdtempSync(join(tmpdir(), 'signet-upgrade-'));
  const served = join(home, 'dist');
  cpSync(join(folder, 'dist'), served, { recursive: true });
  const server: FastifyInstance = Fastify();
  server.removeContentTypeParser('application/json');
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  );
  registerConsole(server, served);
  const { origin, host } = new URL(staff.base);
  server.post('/graphql', async (request, reply) => {
    const { 'content-length': _length, connection: _connection, ...headers } = request.headers;
    const answer = await fetch(`${origin}/graphql`, {
      method: 'POST',
      headers: { ...(headers as Record<string, string>), host, origin },
      body: request.body as string,
    });
    for (const cookie of answer.headers.getSetCookie()) reply.header('set-cookie', cookie);
    reply.code(answer.status).type(answer.headers.get('content-type') ?? 'application/json');
    return reply.send(await answer.text());
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as { port: number };
  return {
    base: `http://localhost:${port}/console/`,
    async upgrade() {
      const next = join(home, 'next');
      const { build } = await import('vite');
      // Else React's development build goes in.
      vi.stubEnv('NODE_ENV', 'production');
      await build({
        configFile: join(folder, 'vite.config.ts'),
        logLevel: 'error',
        build: { outDir: next, emptyOutDir: true },
        plugins: [
          {
            name: 'next-version',
            enforce: 'pre',
            transform: (code, id) =>
              id.endsWith('/texts/en.ts')
                ? code.replace("console: 'Console'", "console: 'Next console'")
                : null,
          },
        ],
      });
      vi.unstubAllEnvs();
      putInPlace(next, served);
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
