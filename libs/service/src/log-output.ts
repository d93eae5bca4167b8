import { fstatSync, write, writeSync } from 'node:fs';

/** pino says the level of a line before it writes it, to an output with this mark. */
const withLevel = Symbol.for('pino.metadata');

/** Where a logger writes its lines. */
export type LogOutput = {
  /** Of the line that comes next. */
  lastLevel?: number | undefined;
  write(line: string): void;
};

type Options = {
  fd?: number;
  /** Called once when lines can't be written, and when lines are written again after some were lost. */
  onChange?: (message: string) => void;
};

/** How long a line waits for others, since each write is a system call. A process that is killed loses the lines of this time. */
const delayMs = 100;
/** The same for warnings and errors. */
const urgentMs = 5;
const urgentLevel = 40;
/** Lines are collected outside of the heap: texts that live for some milliseconds would be copied by each collection of garbage. */
const chunkBytes = 256 * 1024;
/** What waits while the output is stuck, such as a pipe that nobody reads. Further lines are dropped and counted. */
const mostChunks = 16;
const retryMs = 1000;
/** How long a process that ends waits for its reader to go on. */
const lastMs = 2000;

/**
 * Writes lines in batches and beside the event loop: a line costs a request no system call. A full disk or a closed output ends
 * nothing: it is said once on standard error, later lines are tried each second, and what does not fit is dropped. What waits at the end of
 * the process is written before it ends, perhaps before what is under way then.
 */
export function openLogOutput({ fd = 1, onChange = sayOnStderr }: Options = {}): LogOutput {
  const isPipe = fd === 1 && openWithoutBlocking();
  /** Full ones, the oldest first. */
  const full: Buffer[] = [];
  /** Chunks to use again. Never the memory of a long line: it may be a part of Node's pool, where other buffers of the process are. */
  const spare: Buffer[] = [];
  const ownMemory = new WeakSet<ArrayBufferLike>();
  const openChunk = () => {
    const chunk = spare.pop() ?? Buffer.allocUnsafeSlow(chunkBytes);
    ownMemory.add(chunk.buffer);
    return chunk;
  };
  let open: Buffer = openChunk();
  let used = 0;
  let dropped = 0;
  let isWriting = false;
  let isFailing = false;
  /** What a full pipe took nothing of yet. */
  let stalled: Buffer | undefined;
  /** The delay that the timer was set with; none is set where it is infinite. */
  let dueMs = Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  const note = (error: NodeJS.ErrnoException | null) => {
    if (error) {
      if (!isFailing)
        onChange(`the log can not be written (${error.code}): requests are served all the same`);
      isFailing = true;
    } else if (isFailing || (dropped > 0 && full.length === 0)) {
      // Where nobody read the output for a while, there was no error. It is said when all is read again.
      onChange(`the log is written again; ${dropped} lines were lost`);
      isFailing = false;
      dropped = 0;
    }
  };
  const schedule = (ms: number) => {
    if (ms >= dueMs) return;
    dueMs = ms;
    clearTimeout(timer);
    timer = setTimeout(flush, ms).unref();
  };
  const closeChunk = () => {
    if (used === 0) return;
    full.push(open.subarray(0, used));
    open = openChunk();
    used = 0;
  };
  const flush = () => {
    dueMs = Number.POSITIVE_INFINITY;
    if (isWriting) return;
    if (full.length === 0) closeChunk();
    const bytes = full.shift();
    if (!bytes) return;
    isWriting = true;
    writeFrom(bytes, 0);
  };
  /** The system may take a part only. A pipe takes at once what it has room for, so at an exit nothing is under way there. */
  const writeFrom = (bytes: Buffer, from: number): void => {
    stalled = undefined;
    const done = (error: NodeJS.ErrnoException | null, written: number): void => {
      if (!error && from + written < bytes.length) {
        writeFrom(bytes, from + written);
        return;
      }
      // A pipe that is full for now.
      if (error?.code === 'EAGAIN') {
        stalled = bytes.subarray(from);
        setTimeout(writeFrom, urgentMs, bytes, from).unref();
        return;
      }
      isWriting = false;
      if (error) dropped += countLines(bytes.subarray(from));
      note(error);
      if (ownMemory.has(bytes.buffer) && spare.length < 2) spare.push(Buffer.from(bytes.buffer));
      if (error) schedule(retryMs);
      else if (full.length > 0) flush();
      else if (used > 0) schedule(delayMs);
    };
    if (isPipe) {
      const { error, written } = writeNow(fd, bytes, from);
      done(error, written);
    } else {
      write(fd, bytes, from, bytes.length - from, null, done);
    }
  };
  const writeRest = () => {
    if (stalled) full.unshift(stalled);
    closeChunk();
    let end = performance.now() + lastMs;
    for (let bytes = full.shift(); bytes; bytes = full.shift()) {
      for (let from = 0; from < bytes.length; ) {
        const { error, written } = writeNow(fd, bytes, from);
        from += written;
        if (!error) end = performance.now() + lastMs;
        // It was said before, or there is nobody left to read it.
        else if (error.code !== 'EAGAIN' || performance.now() > end) return;
        else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, urgentMs);
      }
    }
  };
  let isUsed = false;
  return {
    [withLevel]: true,
    lastLevel: 0,
    write(line) {
      if (!isUsed) process.once('exit', writeRest);
      isUsed = true;
      // In UTF-8 a character takes three bytes at most.
      if (used + line.length * 3 > chunkBytes) {
        closeChunk();
        if (full.length >= mostChunks) {
          const lost = full.shift();
          if (lost) dropped += countLines(lost);
        }
        if (!isFailing) flush();
      }
      if (line.length * 3 > chunkBytes) full.push(Buffer.from(line));
      else used += open.write(line, used);
      schedule(isFailing ? retryMs : (this.lastLevel ?? 0) >= urgentLevel ? urgentMs : delayMs);
    },
  } as LogOutput;
}

/**
 * Whether standard output is a pipe. A write to a full one would wait for its reader, and a process does not end before its writes do: Node
 * makes a pipe say EAGAIN as soon as somebody asks for its stream.
 */
function openWithoutBlocking(): boolean {
  try {
    const stat = fstatSync(1);
    if (!stat.isFIFO() && !stat.isSocket()) return false;
    void process.stdout;
    return true;
  } catch {
    return false;
  }
}

function writeNow(fd: number, bytes: Buffer, from: number) {
  try {
    return { error: null, written: writeSync(fd, bytes, from) };
  } catch (error) {
    return { error: error as NodeJS.ErrnoException, written: 0 };
  }
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
