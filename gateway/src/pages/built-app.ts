import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { html } from './html.ts';
import { appPolicy, assetHeaders, isNotModified, mediaTypes, pageHeaders } from './page-headers.ts';

export type BuiltApp = {
  /** Where Vite has put its files. */
  folder: string;
  /** Its first address without the last slash: `/console`, or nothing. */
  base: string;
  /** What people call it, and by which command it is built. */
  name: string;
  workspace: string;
  /** Origins that its scripts may call beside its own. */
  apiOrigins?: readonly string[];
  /** Adds to the page what is not known when it is built. */
  adaptPage?: (page: string) => string;
};

/** Where `npm run build -w console`, `npm start` and the image put the built console. */
export const consoleFolder = join(import.meta.dirname, '../../../console/dist');

/** Serves the console for staff at `/console/`. */
export function registerConsole(server: FastifyInstance, folder = consoleFolder): void {
  registerBuiltApp(server, { folder, base: '/console', name: 'console', workspace: 'console' });
}

/**
 * Serves an app that Vite has built. Its files are read when they are asked for: `npm start` builds them beside the running platform. Every
 * address without a file of its own is the one page, which looks at the address itself.
 */
export function registerBuiltApp(server: FastifyInstance, app: BuiltApp): void {
  const { folder, base, adaptPage = (page) => page } = app;
  const policy = appPolicy(app.apiOrigins);
  const files = new Map<string, Promise<{ plain: Buffer; compressed: Buffer; etag: string }>>();
  // A file's name has the hash of its content: what was read once does not change.
  server.get<{ Params: { name: string } }>(`${base}/assets/:name`, async (request, reply) => {
    const { name } = request.params;
    const mediaType = mediaTypes[extname(name)];
    if (mediaType === undefined || !/^[\w-]+\.\w+$/.test(name)) return reply.callNotFound();
    const known = files.get(name) ?? readAsset(join(folder, 'assets', name));
    files.set(name, known);
    try {
      const { plain, compressed, etag } = await known;
      reply.headers({ ...assetHeaders, 'content-type': mediaType, etag, vary: 'accept-encoding' });
      if (isNotModified(request, etag)) return reply.code(304).send();
      if (!/\bbr\b/i.test(request.headers['accept-encoding'] ?? '')) return reply.send(plain);
      return reply.header('content-encoding', 'br').send(compressed);
    } catch {
      files.delete(name);
      return reply.callNotFound();
    }
  });
  const sendPage = async (_request: FastifyRequest, reply: FastifyReply) => {
    reply.headers(pageHeaders(policy));
    try {
      return adaptPage(await readFile(join(folder, 'index.html'), 'utf8'));
    } catch {
      return reply.code(503).headers({ 'retry-after': '2', refresh: '2' }).send(renderNotBuilt(app));
    }
  };
  if (base) server.get(base, (_request, reply) => reply.redirect(`${base}/`, 308));
  server.get(`${base}/`, sendPage);
  server.get(`${base}/*`, sendPage);
}

function renderNotBuilt({ name, workspace }: BuiltApp): string {
  return html`<!doctype html><html lang="en"><meta charset="utf-8"><title>The ${name}</title>
<p>The ${name} is not built yet. This page asks again in two seconds. Where it stays like this, run <code>npm run build -w ${workspace}</code>.</p></html>`
    .markup;
}

const compress = promisify(brotliCompress);

/** Compressed by a thread of its own: operations are answered meanwhile. */
async function readAsset(path: string) {
  const plain = await readFile(path);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 9 };
  return {
    plain,
    compressed: await compress(plain, { params }),
    etag: `W/"${createHash('sha256').update(plain).digest('base64url')}"`,
  };
}
