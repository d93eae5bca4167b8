import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { assetHeaders, consolePolicy, isNotModified, mediaTypes, pageHeaders } from './page-headers.ts';

/** Where `npm run build -w console`, `npm start` and the image put the built console. */
export const consoleFolder = join(import.meta.dirname, '../../../console/dist');

/**
 * Serves the console for staff at `/console/`. Its files are read when they are asked for: `npm start` builds them beside the running
 * platform. Every address without a file of its own is the one page, which looks at the address itself.
 */
export function registerConsole(server: FastifyInstance, folder = consoleFolder): void {
  const files = new Map<string, Promise<{ plain: Buffer; compressed: Buffer; etag: string }>>();
  // A file's name has the hash of its content: what was read once does not change.
  server.get<{ Params: { name: string } }>('/console/assets/:name', async (request, reply) => {
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
    reply.headers(pageHeaders(consolePolicy));
    try {
      return await readFile(join(folder, 'index.html'), 'utf8');
    } catch {
      return reply.code(503).headers({ 'retry-after': '2', refresh: '2' }).send(notBuilt);
    }
  };
  server.get('/console', (_request, reply) => reply.redirect('/console/', 308));
  server.get('/console/', sendPage);
  server.get('/console/*', sendPage);
}

const notBuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Console</title>
<p>The console is not built yet. This page asks again in two seconds. Where it stays like this, run <code>npm run build -w console</code>.</p></html>`;

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
