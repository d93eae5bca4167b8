import type { Logger } from '@signet/service';
import { type DocumentList, joinManifests } from './document-list.ts';
import { type FoundFile, findManifestFiles, readManifests } from './manifest-files.ts';

export type FollowOptions = {
  /** Files, and folders of them. */
  paths: readonly string[];
  logger: Logger;
  /** Called with each list that replaces the one before. */
  onChange?(list: DocumentList): void;
  pollMs?: number;
};

export type FollowedManifests = {
  /** The list as it is now. */
  readonly list: DocumentList;
  stop(): void;
};

/** Notices of the file system don't cross every mount; looking at a few files costs nothing. */
const defaultPollMs = 5000;

/**
 * Reads manifests, and reads them again whenever a file has changed, come or gone. A change that can't be used is logged
 * once and leaves the list as it was: a file may be half written, and a mistake must not close the entrance.
 *
 * @throws {ManifestError} at the start only
 */
export async function followManifests(options: FollowOptions): Promise<FollowedManifests> {
  const { paths, logger } = options;
  const first = await findManifestFiles(paths);
  let list = joinManifests(await readManifests(first));
  let seen = markOf(first);
  let failure: string | undefined;
  const look = async () => {
    try {
      const files = await findManifestFiles(paths);
      const mark = markOf(files);
      if (mark === seen) {
        failure = undefined;
        return;
      }
      // Also where reading fails: the next change is what helps, not another try.
      seen = mark;
      const next = joinManifests(await readManifests(files));
      if (next.documents.length === 0 && list.documents.length > 0) {
        throw new Error('the manifests list no document any more');
      }
      list = next;
      failure = undefined;
      logger.info({ files: files.length, documents: list.documents.length }, 'trusted documents reread');
      options.onChange?.(list);
    } catch (error) {
      const { message } = error as Error;
      if (message !== failure) {
        failure = message;
        logger.error({ fault: message }, 'trusted documents can not be reread; the list before stays');
      }
    }
  };
  return {
    get list() {
      return list;
    },
    stop: poll(look, options.pollMs ?? defaultPollMs),
  };
}

function markOf(files: readonly FoundFile[]): string {
  return files.map(({ mark }) => mark).join('\n');
}

/** Runs `task` again and again, one at a time. */
function poll(task: () => Promise<void>, everyMs: number): () => void {
  let isStopped = false;
  let timer: NodeJS.Timeout;
  const schedule = () => {
    timer = setTimeout(async () => {
      await task();
      if (!isStopped) schedule();
    }, everyMs).unref();
  };
  schedule();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}
