import type { Target } from './target.ts';

/** One attack: what it is called, what it tries, and what it won. */
export type Attack = {
  name: string;
  tried: string;
  /** Undefined when the target held; otherwise what was won, for the report. */
  run(target: Target): Promise<string | undefined>;
};
