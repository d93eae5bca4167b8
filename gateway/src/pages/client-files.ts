import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { assetHeaders, isNotModified, mediaTypes } from './page-headers.ts';

type ClientFile = { content: Buffer; mediaType: string; etag: string };

/**
 * Serves `client/` and returns its address, which ends in a slash. The address carries a hash over all of the files:
 * they import each other by relative paths, so they must change together.
 */
export function serveClientFiles(server: FastifyInstance): string {
  const files = readClientFiles(join(import.meta.dirname, 'client'));
  const version = hash([...files.values()].map(({ etag }) => etag).join()).slice(0, 12);
  const address = `/page-files/${version}/`;
  server.get<{ Params: { name: string } }>(`${address}:name`, (request, reply) => {
    const file = files.get(request.params.name);
    if (file === undefined) return reply.callNotFound();
    reply.headers({ ...assetHeaders, 'content-type': file.mediaType, etag: file.etag });
    return isNotModified(request, file.etag) ? reply.code(304).send() : reply.send(file.content);
  });
  return address;
}

function readClientFiles(folder: string): Map<string, ClientFile> {
  const files = new Map<string, ClientFile>();
  for (const name of readdirSync(folder).sort()) {
    const mediaType = mediaTypes[extname(name)];
    if (mediaType === undefined) continue;
    const content = readFileSync(join(folder, name));
    files.set(name, { content, mediaType, etag: `"${hash(content)}"` });
  }
  return files;
}

function hash(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('base64url');
}
