import { write, writeSync } from 'node:fs';

/** Where a logger writes its lines. */
export type LogOutput = { write(line: string): void };

type Options = {
  fd?: number;
  /** Called once when lines can't be written, and once when they are written again. */
  onChange?: (message: string) => void;
};

/** How long a line waits for others. A process that is killed loses the lines of this time. */
const delayMs = 10;
/** Written at once, without the wait. */
const fullBytes = 64 * 1024;
/** What waits while the output is stuck, such as a pipe that nobody reads. Further lines are dropped and counted. */
const mostCharacters = 4 * 1024 * 1024;
const retryMs = 1000;

/**
 * Writes lines in batches and beside the event loop: a line costs a request no system call. A full disk or a closed output ends
 * nothing: it is said once on standard error, later lines are tried each second, and what does not fit is dropped. What waits at the end of
 * the process is written before it ends.
 */
export function openLogOutput({ fd = 1, onChange = sayOnStderr }: Options = {}): LogOutput {
  let waiting = '';
  let dropped = 0;
  let isWriting = false;
  let isFailing = false;
  let isScheduled = false;
  const note = (error: NodeJS.ErrnoException | null) => {
    if (Boolean(error) === isFailing) return;
    isFailing = Boolean(error);
    onChange(
      error
        ? `the log can not be written (${error.code}): requests are served all the same`
        : `the log is written again; ${dropped} lines were lost`,
    );
    if (!isFailing) dropped = 0;
  };
  const schedule = (ms: number) => {
    if (isScheduled) return;
    isScheduled = true;
    setTimeout(flush, ms).unref();
  };
  const flush = () => {
    isScheduled = false;
    if (isWriting || waiting === '') return;
    isWriting = true;
    const bytes = Buffer.from(waiting);
    waiting = '';
    writeFrom(bytes, 0);
  };
  /** The system may take a part only. */
  const writeFrom = (bytes: Buffer, from: number) => {
    write(fd, bytes, from, bytes.length - from, null, (error, written) => {
      if (!error && from + written < bytes.length) return writeFrom(bytes, from + written);
      // A pipe that is full for now.
      if (error?.code === 'EAGAIN') return void setTimeout(writeFrom, delayMs, bytes, from).unref();
      isWriting = false;
      if (error) dropped += countLines(bytes.subarray(from));
      note(error);
      if (waiting !== '') schedule(error ? retryMs : 0);
    });
  };
  const writeRest = () => {
    try {
      if (waiting !== '') writeSync(fd, waiting);
    } catch {
      // It was said before, or there is nobody left to read it.
    }
  };
  let isUsed = false;
  return {
    write(line) {
      if (!isUsed) process.once('exit', writeRest);
      isUsed = true;
      if (waiting.length + line.length > mostCharacters) {
        dropped += 1;
        return;
      }
      waiting += line;
      if (waiting.length >= fullBytes && !isWriting && !isFailing) flush();
      else schedule(isFailing ? retryMs : delayMs);
    },
  };
}

function countLines(bytes: Buffer): number {
  return bytes.toString('latin1').split('\n').length - 1;
}

function sayOnStderr(message: string): void {
  try {
    writeSync(2, `${message}\n`);
  } catch {
    // Standard error is gone too.
  }
}
