import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Logger } from '@signet/service';

/** What builds them, from the root, and the workspace in which a person does it. */
const builds = {
  console: { script: 'console/build.ts', workspace: 'console' },
  explorer: { script: 'explorer/build.ts', workspace: 'explorer' },
  storefront: { script: 'launcher/src/build-storefront.ts', workspace: 'examples/storefront' },
};

/**
 * Builds pages beside the running platform, one after the other, each in a process of its own, where its files are missing or older than its
 * sources. A page says so meanwhile. Returns what ends that.
 */
export function startPageBuilds(pages: readonly (keyof typeof builds)[], logger: Logger): () => void {
  let child: ChildProcess | undefined;
  let isEnded = false;
  const buildNext = (index: number): void => {
    const page = pages[index];
    if (page === undefined || isEnded) return;
    const { script, workspace } = builds[page];
    const started = spawn(process.execPath, [join(import.meta.dirname, '../..', script)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child = started;
    let faults = '';
    started.stderr.on('data', (chunk: Buffer) => {
      faults += chunk;
    });
    started.once('error', (error) => logger.error({ err: error }, `the ${page} could not be built`));
    started.once('close', (code) => {
      if (code) logger.error(`the ${page} could not be built; see npm run build -w ${workspace}:\n${faults}`);
      buildNext(index + 1);
    });
    started.unref();
  };
  buildNext(0);
  return () => {
    isEnded = true;
    child?.kill();
  };
}
