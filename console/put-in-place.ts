import { renameSync, rmSync } from 'node:fs';

/**
 * Puts the folder `made` in the place of `folder`, where another process may do the same at this moment: one of them is there afterwards,
 * whole.
 */
export function putInPlace(made: string, folder: string): void {
  const former = `${made}-former`;
  for (;;) {
    const isMoved = attempt(() => renameSync(folder, former), ['ENOENT']);
    try {
      if (attempt(() => renameSync(made, folder), ['ENOTEMPTY', 'EEXIST'])) return;
    } finally {
      if (isMoved) rmSync(former, { recursive: true, force: true });
    }
  }
}

/** Whether `work` succeeded. */
function attempt(work: () => void, expected: readonly string[]): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (!expected.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return false;
  }
}
