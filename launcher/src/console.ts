import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Logger } from '@signet/service';

const script = join(import.meta.dirname, '../../console/build.ts');

/**
 * Builds the console beside the running platform, in a process of its own, where its files are missing or older than its sources. Its
 * page says so meanwhile. Returns what ends that.
 */
export function startConsoleBuild(logger: Logger): () => void {
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'ignore', 'pipe'] });
  let faults = '';
  child.stderr.on('data', (chunk: Buffer) => {
    faults += chunk;
  });
  child.once('error', (error) => logger.error({ err: error }, 'the console could not be built'));
  child.once('close', (code) => {
    if (code) logger.error(`the console could not be built; see npm run build -w console:\n${faults}`);
  });
  child.unref();
  return () => void child.kill();
}
