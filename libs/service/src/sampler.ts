export type SamplerOptions = {
  /** One sample a key in this time. */
  everyMs?: number;
  /** Keys at a time; whoever comes beyond them shares one. */
  maxKeys?: number;
  /** Milliseconds of a clock that nobody sets. */
  now?: () => number;
};

/**
 * `count`: how many there were since the key was last told of. `isShared`: they are of several keys, of which `sample` is the
 * last.
 */
export type TellSample<T> = (sample: T, count: number, isShared: boolean) => void;

/** Counts what may come in floods, and tells of it from time to time. */
export type Sampler<T> = {
  /**
   * `sample` is what is told if it is the last one of its key by then. It is kept so long: plain data, no request. `times`: it
   * stands for so many that were counted elsewhere.
   */
  add(key: string, sample: T, times?: number): void;
  /** Tells of what has not been told yet, and of nothing later. */
  stop(): void;
};

type Entry<T> = { toldAt: number; untold: number; last: T };

/** Beyond this many callers in a minute, each further one is not worth a row: they are a flood. */
const defaultMaxKeys = 500;
const overflowKey = '';
/** Looks so often in the time of a sample: what is left of a burst is told of that much later than it could be. */
const looksPerSample = 6;

/**
 * The first of a key is told of at once, the next ones together when the time is over. The memory that it takes, and what it
 * lets through in `everyMs`, is bounded by `maxKeys`, whatever callers invent.
 */
export function createSampler<T>(tell: TellSample<T>, options: SamplerOptions = {}): Sampler<T> {
  const { everyMs = 60_000, maxKeys = defaultMaxKeys, now = () => performance.now() } = options;
  const entries = new Map<string, Entry<T>>();
  const isDue = ({ toldAt }: Entry<T>, time: number) => time - toldAt >= everyMs;
  const tellOf = (key: string, entry: Entry<T>, time: number) => {
    const { last, untold } = entry;
    Object.assign(entry, { toldAt: time, untold: 0 });
    tell(last, untold, key === overflowKey);
  };
  const tellDue = () => {
    const time = now();
    for (const [key, entry] of entries) {
      if (!isDue(entry, time)) continue;
      if (entry.untold === 0) entries.delete(key);
      else tellOf(key, entry, time);
    }
  };
  const hasRoom = () => {
    if (entries.size >= maxKeys) tellDue();
    return entries.size < maxKeys;
  };
  const timer = setInterval(tellDue, everyMs / looksPerSample).unref();
  return {
    add(wanted, sample, times = 1) {
      const key = entries.has(wanted) || hasRoom() ? wanted : overflowKey;
      const time = now();
      const entry = entries.get(key) ?? { toldAt: Number.NEGATIVE_INFINITY, untold: 0, last: sample };
      entries.set(key, entry);
      entry.untold += times;
      entry.last = sample;
      if (isDue(entry, time)) tellOf(key, entry, time);
    },
    stop() {
      clearInterval(timer);
      const time = now();
      for (const [key, entry] of entries) {
        if (entry.untold > 0) tellOf(key, entry, time);
      }
      entries.clear();
    },
  };
}
