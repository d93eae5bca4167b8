import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Logger } from '@signet/service';

const root = join(import.meta.dirname, '../..');

/**
 * Builds pages beside the running platform, each in a process of its own, where its files are missing or older than its sources. A page
 * says so meanwhile. Returns what ends that.
 */
export function startPageBuilds(pages: readonly string[], logger: Logger): () => void {
  const builds = pages.map((page) => startPageBuild(page, logger));
  return () => {
    for (const build of builds) build.kill();
  };
}

function startPageBuild(page: string, logger: Logger): ChildProcess {
  const child = spawn(process.execPath, [join(root, page, 'build.ts')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let faults = '';
  child.stderr.on('data', (chunk: Buffer) => {
    faults += chunk;
  });
  child.once('error', (error) => logger.error({ err: error }, `the ${page} could not be built`));
  child.once('close', (code) => {
    if (code) logger.error(`the ${page} could not be built; see npm run build -w ${page}:\n${faults}`);
  });
  child.unref();
  return child;
}
