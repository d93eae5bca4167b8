import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { notBuilt, notBuiltHeaders, serveBuiltFiles } from './built-files.ts';
import { appPolicy, pageHeaders } from './page-headers.ts';

export type BuiltApp = {
  /** Where Vite has put its files. */
  folder: string;
  /** Its first address without the last slash: `/console`, or nothing. */
  base: string;
  /** The workspace that builds it. */
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
  registerBuiltApp(server, { folder, base: '/console', workspace: 'console' });
}

/** Serves an app that Vite has built. Every address without a file of its own is the one page, which looks at the address itself. */
export function registerBuiltApp(server: FastifyInstance, app: BuiltApp): void {
  const { folder, base, workspace, apiOrigins, adaptPage = (page) => page } = app;
  const headers = pageHeaders(appPolicy(apiOrigins));
  serveBuiltFiles(server, `${base}/assets/`, join(folder, 'assets'));
  const sendPage = async (_request: FastifyRequest, reply: FastifyReply) => {
    reply.headers(headers);
    try {
      return adaptPage(await readFile(join(folder, 'index.html'), 'utf8'));
    } catch {
      return reply.code(503).headers(notBuiltHeaders).send(notBuilt(workspace));
    }
  };
  if (base) server.get(base, (_request, reply) => reply.redirect(`${base}/`, 308));
  server.get(`${base}/`, sendPage);
  server.get(`${base}/*`, sendPage);
}
