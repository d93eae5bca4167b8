/** The database cannot be started for a reason that its user can remove: one line, which names the variable to change. */
export class DatabaseStartError extends Error {
  override readonly name = 'DatabaseStartError';
}

const folderFaults: Record<string, string> = {
  EACCES: 'is not writable',
  EPERM: 'is not writable',
  EROFS: 'is on a read-only file system',
  ENOTDIR: 'lies below a file that is not a folder',
  EEXIST: 'is a file, not a folder',
  ENOSPC: 'is on a full disk',
};

/** Turns a file system error on the data folder into a line for its user; every other error is returned as it is. */
export function explainFolderError(error: unknown, folder: string): unknown {
  const fault = folderFaults[(error as NodeJS.ErrnoException).code ?? ''];
  if (!fault) return error;
  return new DatabaseStartError(`The data folder ${folder} ${fault}: set SIGNET_HOME to another one.`, {
    cause: error,
  });
}
