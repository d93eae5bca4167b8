import type { AuditLogQuery } from '../operations.generated.ts';
import type { AuditEvent } from './audit-page.tsx';

/** How events become text. A page of events at a time: no text of all of them is ever there. */
export type Format = {
  extension: string;
  mediaType: string;
  /** Before the first event. */
  head: string;
  write: (events: readonly AuditEvent[]) => string;
};

/** Where the text goes: a file, which the browser writes, or parts that it keeps until they are saved. */
export type Sink = {
  write(text: string): Promise<void>;
  /** Keeps what was written. */
  close(): Promise<void>;
  /** Throws away what was written. */
  abort(): Promise<void>;
};

/** Where an export stands. `after` is the cursor from which it goes on; null before the first page, undefined after the last. */
export type Progress = {
  events: number;
  /** When the last of them happened: an export goes from the latest to the earliest. */
  reached: string | undefined;
  after: string | null | undefined;
};

export const beginning: Progress = { events: 0, reached: undefined, after: null };

type Ask = (after: string | null) => Promise<AuditLogQuery>;

const pausesMs = [1000, 3000, 9000];

type Options = {
  ask: Ask;
  sink: Sink;
  format: Format;
  from: Progress;
  signal: AbortSignal;
  passing: (thrown: unknown) => number | undefined;
  onProgress: (progress: Progress) => void;
  wait?: (ms: number) => Promise<void>;
};

/**
 * Asks for page after page and writes each before the next is asked for. A page that fails is asked for again three times, where `passing`
 * says after how many seconds that makes sense.
 *
 * @throws what `ask` threw where a page cannot be had. What was written stays, and `onProgress` has said from where to go on.
 * @throws {DOMException} AbortError, from `signal`
 */
export async function exportEvents(options: Options): Promise<void> {
  const { sink, format, signal, onProgress } = options;
  let progress = options.from;
  while (progress.after !== undefined) {
    const page = await askPatiently(progress.after, options);
    const events = page.auditLog?.edges.map(({ node }) => node) ?? [];
    signal.throwIfAborted();
    await sink.write((progress.after === null ? format.head : '') + format.write(events));
    progress = {
      events: progress.events + events.length,
      reached: events.at(-1)?.happenedAt ?? progress.reached,
      after: page.auditLog?.pageInfo.hasNextPage
        ? (page.auditLog.pageInfo.endCursor ?? undefined)
        : undefined,
    };
    onProgress(progress);
  }
}

async function askPatiently(
  after: string | null,
  { ask, signal, passing, wait = pause }: Pick<Options, 'ask' | 'signal' | 'passing' | 'wait'>,
): Promise<AuditLogQuery> {
  for (let attempt = 0; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      return await ask(after);
    } catch (thrown) {
      const pauseMs = pausesMs[attempt];
      const seconds = passing(thrown);
      if (pauseMs === undefined || seconds === undefined) throw thrown;
      await wait(Math.min(Math.max(pauseMs, seconds * 1000), 60_000));
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

type Picker = (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;

/**
 * Lets the person choose a file, where the browser writes to files; elsewhere the browser keeps the parts, outside of the page's memory where
 * it can, and saves them at the end. Undefined: they chose none.
 */
export async function openSink(name: string, mediaType: string): Promise<Sink | undefined> {
  const { showSaveFilePicker: pick } = window as { showSaveFilePicker?: Picker };
  if (!pick) return keepParts(name, mediaType);
  try {
    const handle = await pick.call(window, { suggestedName: name });
    const file = await handle.createWritable();
    return {
      write: (text) => file.write(text),
      close: () => file.close(),
      abort: () => file.abort(),
    };
  } catch (error) {
    if ((error as DOMException).name === 'AbortError') return undefined;
    // The folder is not to be written to, or a policy of the browser forbids it.
    return keepParts(name, mediaType);
  }
}

/** Parts of about a megabyte. */
function keepParts(name: string, mediaType: string): Sink {
  let parts: Blob[] = [];
  let recent: string[] = [];
  let length = 0;
  function flush(): void {
    parts.push(new Blob(recent));
    recent = [];
    length = 0;
  }
  return {
    async write(text) {
      recent.push(text);
      length += text.length;
      if (length >= 1 << 20) flush();
    },
    async close() {
      flush();
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob(parts, { type: mediaType }));
      link.download = name;
      link.click();
      // The browser reads it after this.
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      parts = [];
    },
    async abort() {
      parts = [];
      recent = [];
    },
  };
}

const columns = [
  'happenedAt',
  'kind',
  'side',
  'staff',
  'actorId',
  'subjectId',
  'address',
  'requestId',
  'details',
  'id',
] as const;

/**
 * RFC 4180. A text that a spreadsheet would read as a formula gets an apostrophe before it (CSV injection), within a cell too: where the
 * decimal point is a comma, Excel divides at semicolons, which the quotes of these cells do not hide.
 */
export const csv: Format = {
  extension: 'csv',
  mediaType: 'text/csv',
  head: `${columns.join(',')}\r\n`,
  write: (events) => events.map((event) => `${cellsOf(event).map(writeCell).join(',')}\r\n`).join(''),
};

function cellsOf(event: AuditEvent): string[] {
  return [
    event.happenedAt,
    event.kind,
    event.side,
    event.staff?.fullName ?? '',
    event.actorId ?? '',
    event.subjectId ?? '',
    event.address ?? '',
    event.requestId ?? '',
    event.details.map(({ name, value }) => `${name}=${value}`).join('; '),
    event.id,
  ];
}

function writeCell(text: string): string {
  const safe = text.replace(/(^|[;\t\r\n])([\s"]*)(?=[=+\-@＝＋－＠])/g, "$1$2'");
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** One JSON object a line. */
export const jsonLines: Format = {
  extension: 'jsonl',
  mediaType: 'application/x-ndjson',
  head: '',
  write: (events) => events.map((event) => `${JSON.stringify(event)}\n`).join(''),
};
