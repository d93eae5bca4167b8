import type { Database } from '@signet/db';
import { type Kysely, sql } from 'kysely';

type Process = {
  db: Kysely<Database>;
  logger: { warn(fields: object, message: string): void };
  /** Seconds since this process read the revocations. */
  revocationAge(): number | undefined;
};

const everyMs = 60_000;
/** By then the process has read the revocations. */
const firstMs = 3_000;

/** Records how late the platform is, a sample a minute. Every replica does: the highest of a minute stays. */
export function startLagSamples({ db, logger, revocationAge }: Process): { stop(): Promise<void> } {
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout;
  const sample = async () => {
    try {
      await sql`select portal.sample_lag(${revocationAge() ?? null}::double precision)`.execute(db);
    } catch (err) {
      logger.warn({ err }, 'the lag of this minute is not on the dashboard');
    }
  };
  const schedule = (ms: number) => {
    timer = setTimeout(() => {
      running = sample().finally(() => {
        running = undefined;
      });
      schedule(everyMs);
    }, ms).unref();
  };
  schedule(firstMs);
  return {
    async stop() {
      clearTimeout(timer);
      await running;
    },
  };
}
