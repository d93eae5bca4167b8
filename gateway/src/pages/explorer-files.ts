import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { getStaticFile } from 'ruru/static';
import { assetHeaders, isNotModified } from './page-headers.ts';

/**
 * Serves GraphiQL's files out of the `ruru` package and returns their address, which ends in a slash.
 * The package keeps them compressed (4 MB) and loads them with the first request. `ruru/static` imports Node's own modules only;
 * the `overrides` in package.json keep the package's other dependencies (200 MB) from being installed.
 */
export function serveExplorerFiles(server: FastifyInstance): string {
  const address = `/explorer/files/${bundleVersion()}/`;
  server.get<{ Params: { name: string } }>(`${address}:name`, async (request, reply) => {
    const file = await getStaticFile({
      staticPath: address,
      urlPath: `${address}${request.params.name}`,
      acceptEncoding: request.headers['accept-encoding'],
      disallowDevAssets: true,
    });
    if (file === null) return reply.callNotFound();
    // Weak: the package gives the compressed and the plain form of a file one and the same tag.
    const etag = `W/${file.headers.etag}`;
    reply.headers({ ...assetHeaders, ...file.headers, etag, vary: 'accept-encoding' });
    if (!isNotModified(request, etag)) return reply.send(file.content);
    return reply.removeHeader('content-length').removeHeader('content-encoding').code(304).send();
  });
  return address;
}

/** The chunks of the bundle have plain numbers as names: a new bundle must have a new address. */
function bundleVersion(): string {
  const entry = createRequire(import.meta.url).resolve('ruru/static');
  const version = readFileSync(join(entry, '../version.js'));
  return createHash('sha256').update(version).digest('base64url').slice(0, 12);
}
