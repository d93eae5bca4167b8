import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { notBuilt, notBuiltHeaders, serveBuiltFiles } from './built-files.ts';
import { consolePolicy, pageHeaders } from './page-headers.ts';

/** Where `npm run build -w console`, `npm start` and the image put the built console. */
export const consoleFolder = join(import.meta.dirname, '../../../console/dist');

/** Serves the console for staff at `/console/`. Every address without a file of its own is the one page, which looks at the address itself. */
export function registerConsole(server: FastifyInstance, folder = consoleFolder): void {
  serveBuiltFiles(server, '/console/assets/', join(folder, 'assets'));
  const sendPage = async (_request: FastifyRequest, reply: FastifyReply) => {
    reply.headers(pageHeaders(consolePolicy));
    try {
      return await readFile(join(folder, 'index.html'), 'utf8');
    } catch {
      return reply.code(503).headers(notBuiltHeaders).send(notBuilt('console'));
    }
  };
  server.get('/console', (_request, reply) => reply.redirect('/console/', 308));
  server.get('/console/', sendPage);
  server.get('/console/*', sendPage);
}
