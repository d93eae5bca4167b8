export type SamplerOptions = {
  /** One sample a key in this time. */
  everyMs?: number;
  /** Keys at a time; all further keys share one. */
  maxKeys?: number;
  /** Milliseconds of a monotonic clock. */
  now?: () => number;
};

/**
 * `count`: how many there were since the last report of the key. `isShared`: the count is of several keys that share one, and
 * `sample` is the last of them.
 */
type ReportSample<T> = (sample: T, count: number, isShared: boolean) => void;

/** Counts events that may come in floods, and reports them from time to time. */
export type Sampler<T> = {
  /**
   * `sample` is reported if it is the last one of its key by then. It is kept until then, so it must be plain data and no
   * request. `times`: how many events it stands for, where somebody else has counted.
   */
  add(key: string, sample: T, times?: number): void;
  /** Reports what is left, and ends. */
  stop(): void;
};

type Entry<T> = { reportedAt: number; unreported: number; last: T };

/** More callers than this in a minute are a flood, in which a single caller does not matter. */
const defaultMaxKeys = 500;
const overflowKey = '';
/** How often the rest of bursts is checked for in the time of a sample. */
const checksPerSample = 6;

/**
 * Reports the first event of a key at once, and the next ones together when `everyMs` is over. `maxKeys` bounds the memory and
 * the number of reports in `everyMs`, whatever keys callers invent.
 */
export function createSampler<T>(report: ReportSample<T>, options: SamplerOptions = {}): Sampler<T> {
  const { everyMs = 60_000, maxKeys = defaultMaxKeys, now = () => performance.now() } = options;
  const entries = new Map<string, Entry<T>>();
  const isDue = ({ reportedAt }: Entry<T>, time: number) => time - reportedAt >= everyMs;
  const reportEntry = (key: string, entry: Entry<T>, time: number) => {
    const { last, unreported } = entry;
    Object.assign(entry, { reportedAt: time, unreported: 0 });
    report(last, unreported, key === overflowKey);
  };
  const reportDue = () => {
    const time = now();
    for (const [key, entry] of entries) {
      if (!isDue(entry, time)) continue;
      if (entry.unreported === 0) entries.delete(key);
      else reportEntry(key, entry, time);
    }
  };
  const hasRoom = () => {
    if (entries.size >= maxKeys) reportDue();
    return entries.size < maxKeys;
  };
  const timer = setInterval(reportDue, everyMs / checksPerSample).unref();
  return {
    add(wanted, sample, times = 1) {
      const key = entries.has(wanted) || hasRoom() ? wanted : overflowKey;
      const time = now();
      const entry = entries.get(key) ?? { reportedAt: Number.NEGATIVE_INFINITY, unreported: 0, last: sample };
      entries.set(key, entry);
      entry.unreported += times;
      entry.last = sample;
      if (isDue(entry, time)) reportEntry(key, entry, time);
    },
    stop() {
      clearInterval(timer);
      const time = now();
      for (const [key, entry] of entries) {
        if (entry.unreported > 0) reportEntry(key, entry, time);
      }
      entries.clear();
    },
  };
}
