import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { assetHeaders, isNotModified } from './page-headers.ts';
import { getStaticFile, readBundleVersion } from './ruru-files.ts';

/**
 * Serves GraphiQL's files out of the `ruru` package and returns their address, which ends in a slash.
 * The package keeps them compressed (4 MB) and loads them with the first request. `ruru/static` imports Node's own modules only;
 * the `overrides` in package.json keep the package's other dependencies (200 MB) from being installed.
 */
export function serveExplorerFiles(server: FastifyInstance): string {
  const address = `/explorer/files/${bundleVersion()}/`;
  const read = createFileReader(address);
  server.get<{ Params: { name: string } }>(`${address}:name`, async (request, reply) => {
    const file = await read(request.params.name, request.headers['accept-encoding']);
    if (file === null) return reply.callNotFound();
    // Weak: the package gives the compressed and the plain form of a file one and the same tag.
    const etag = `W/${file.headers.etag}`;
    reply.headers({ ...assetHeaders, ...file.headers, etag, vary: 'accept-encoding' });
    if (!isNotModified(request, etag)) return reply.send(file.content);
    return reply.removeHeader('content-length').removeHeader('content-encoding').code(304).send();
  });
  return address;
}

/**
 * Reads files of the package, each plain one once: the package would decompress it for every request, and a thousand clients
 * would have a thousand copies. All of them take 11 MB.
 */
function createFileReader(staticPath: string) {
  /** By the compressed file: several names may lead to one. */
  const plain = new WeakMap<object, ReturnType<typeof getStaticFile>>();
  return async (name: string, acceptEncoding: string | undefined) => {
    const read = (coding: string | undefined) =>
      getStaticFile({
        staticPath,
        urlPath: `${staticPath}${name}`,
        acceptEncoding: coding,
        disallowDevAssets: true,
      });
    const compressed = await read('br');
    if (compressed === null || /\bbr\b/i.test(acceptEncoding ?? '')) return compressed;
    const file = plain.get(compressed) ?? read(undefined);
    plain.set(compressed, file);
    return file;
  };
}

/** The chunks of the bundle have plain numbers as names: a new bundle must have a new address. */
function bundleVersion(): string {
  return createHash('sha256').update(readBundleVersion()).digest('base64url').slice(0, 12);
}
