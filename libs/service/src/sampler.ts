export type SamplerOptions = {
  /** One sample a key in this time. */
  everyMs?: number;
  /** Keys at a time; whoever comes beyond them shares one. */
  maxKeys?: number;
  /** Milliseconds of a clock that nobody sets. */
  now?: () => number;
};

/** Counts what may come in floods, and says when it is time to tell of it. */
export type Sampler = {
  /** How many of the key there were since it was last told of, this one included; undefined: not yet. */
  count(key: string): number | undefined;
};

type Entry = { toldAt: number; untold: number };

/** Beyond this many callers in a minute, each further one is not worth a row: they are a flood. */
const defaultMaxKeys = 500;
const overflowKey = '';

/**
 * The first of a key is told of at once, the next ones together when the time is over and one more comes. The memory that it
 * takes, and what it lets through in `everyMs`, is bounded by `maxKeys`, whatever callers invent.
 */
export function createSampler(options: SamplerOptions = {}): Sampler {
  const { everyMs = 60_000, maxKeys = defaultMaxKeys, now = () => performance.now() } = options;
  const entries = new Map<string, Entry>();
  const makeRoom = (time: number) => {
    for (const [key, { toldAt }] of entries) {
      if (time - toldAt >= everyMs) entries.delete(key);
    }
    return entries.size < maxKeys;
  };
  const countIn = (key: string, time: number): number | undefined => {
    const entry = entries.get(key);
    if (entry && time - entry.toldAt < everyMs) {
      entry.untold += 1;
      return undefined;
    }
    entries.set(key, { toldAt: time, untold: 0 });
    return (entry?.untold ?? 0) + 1;
  };
  return {
    count(key) {
      const time = now();
      const isKnown = entries.has(key);
      return countIn(isKnown || entries.size < maxKeys || makeRoom(time) ? key : overflowKey, time);
    },
  };
}
