import type { Database } from '@signet/db';
import { createFaultLog } from '@signet/flow';
import type { LogWriter } from '@signet/service';
import { type Kysely, sql } from 'kysely';

type Process = {
  db: Kysely<Database>;
  logger: LogWriter;
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
  const faultLog = createFaultLog({
    failing: (err) => logger.warn({ err }, 'the lag is not on the dashboard from this minute on'),
    working: () => logger.info('the lag is on the dashboard again'),
  });
  const sample = async () => {
    try {
      await sql`select portal.sample_lag(${revocationAge() ?? null}::double precision)`.execute(db);
      faultLog.worked();
    } catch (err) {
      faultLog.failed(err);
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
