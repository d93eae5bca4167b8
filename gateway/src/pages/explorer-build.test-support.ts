import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

// For tests only.

/** Builds the explorer where its sources have changed. */
export async function buildExplorer(): Promise<void> {
  await promisify(execFile)(process.execPath, [join(import.meta.dirname, '../../../explorer/build.ts')]);
}
