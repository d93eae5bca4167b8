import { startEmbeddedPostgres } from './index.ts';

/** A parent for a test to kill: starts the server of a folder, says where, and waits. */
const server = await startEmbeddedPostgres({ dataDir: process.argv[2] ?? '', port: 0, durable: false });
process.stdout.write(server.adminUrl);
setInterval(() => {}, 1000);
