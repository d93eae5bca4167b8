import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { assetHeaders, isNotModified, mediaTypes } from './page-headers.ts';

type BuiltFile = { plain: Buffer; compressed: Buffer; etag: string };

const compress = promisify(brotliCompress);

/**
 * Serves the files of a folder below `address`, which ends in a slash, to be kept for a year: a name or the address must change with the
 * content. A file is read when it is first asked for, so the folder may come later, from a build that runs beside the platform.
 */
export function serveBuiltFiles(server: FastifyInstance, address: string, folder: string): void {
  const files = new Map<string, Promise<BuiltFile>>();
  server.get<{ Params: { name: string } }>(`${address}:name`, async (request, reply) => {
    const { name } = request.params;
    const mediaType = mediaTypes[extname(name)];
    if (mediaType === undefined || !/^[\w-]+\.\w+$/.test(name)) return reply.callNotFound();
    const known = files.get(name) ?? readBuiltFile(join(folder, name));
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
}

/** Compressed by a thread of its own: operations are answered meanwhile. */
async function readBuiltFile(path: string): Promise<BuiltFile> {
  const plain = await readFile(path);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 9 };
  return { plain, compressed: await compress(plain, { params }), etag: `W/"${hash(plain)}"` };
}

/**
 * An address for files that import each other by plain names, so that they change together: it carries a hash over all of them.
 */
export function versionedAddress(prefix: string, folder: string): string {
  const contents = readdirSync(folder)
    .sort()
    .flatMap((name) => [name, hash(readFileSync(join(folder, name)))]);
  return `${prefix}${hash(contents.join()).slice(0, 12)}/`;
}

/** What a page says whose files are not built yet. It asks again by itself. */
export function notBuilt(workspace: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Not built yet</title>
<p>This page is not built yet, and asks again in two seconds. Where it stays like this, run <code>npm run build -w ${workspace}</code>.</p></html>`;
}
export const notBuiltHeaders = { 'retry-after': '2', refresh: '2' };

function hash(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('base64url');
}
