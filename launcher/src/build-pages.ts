import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Logger } from '@signet/service';

/** Pages that are built beside the running platform: by what, and how a person does it. */
const builds = {
  console: { script: join(import.meta.dirname, '../../console/build.ts'), workspace: 'console' },
  storefront: { script: join(import.meta.dirname, 'build-storefront.ts'), workspace: 'examples/storefront' },
};

export type BuiltPages = keyof typeof builds;

/**
 * Builds pages beside the running platform, one after the other, in processes of their own, where their files are missing or older than their
 * sources. Their addresses say so meanwhile. Returns what ends that.
 */
export function startBuilds(pages: readonly BuiltPages[], logger: Logger): () => void {
  let child: ChildProcess | undefined;
  let isEnded = false;
  const buildNext = ([name, ...others]: readonly BuiltPages[]): void => {
    if (name === undefined || isEnded) return;
    const { script, workspace } = builds[name];
    const started = spawn(process.execPath, [script], { stdio: ['ignore', 'ignore', 'pipe'] });
    child = started;
    let faults = '';
    started.stderr.on('data', (chunk: Buffer) => {
      faults += chunk;
    });
    started.once('error', (error) => logger.error({ err: error }, `the ${name} could not be built`));
    started.once('close', (code) => {
      if (code) logger.error(`the ${name} could not be built; see npm run build -w ${workspace}:\n${faults}`);
      buildNext(others);
    });
    started.unref();
  };
  buildNext(pages);
  return () => {
    isEnded = true;
    child?.kill();
  };
}
