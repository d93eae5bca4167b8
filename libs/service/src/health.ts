import type { FastifyInstance } from 'fastify';

/** Something that a process needs to serve. `check` returns the reason why the process can't serve, or undefined; it may throw. */
export type ReadinessCheck = {
  name: string;
  check: () => Promise<string | undefined> | string | undefined;
  /** Returns what works less well than it should, or undefined. The process serves all the same. */
  findLack?: () => Promise<string | undefined> | string | undefined;
  /** Numbers that are always shown, for example how old the data is. Strangers may read them. */
  measure?: () => object;
};

const checkTimeoutMs = 2000;

/**
 * `/health/live`: the process runs. `/health/ready`: it can serve, else 503 with the reason of each part that fails. `degraded`
 * with 200 and reasons: it can serve, but not all of it or not as it should. A load balancer must go on sending requests
 * then, since every other replica lacks the same. All answers of `ready` carry the measures of the parts.
 */
export function registerHealth(
  server: FastifyInstance,
  checks: readonly ReadinessCheck[],
  isStopping: () => boolean,
): void {
  server.get('/health/live', async () => ({ status: 'live' }));
  server.get('/health/ready', async (_request, reply) => {
    const [faults, lacks] = await Promise.all([
      isStopping() ? [{ name: 'process', reason: 'is stopping' }] : findReasons(checks, ({ check }) => check),
      findReasons(checks, ({ findLack }) => findLack),
    ]);
    const measures = readMeasures(checks);
    if (faults.length === 0) {
      return lacks.length === 0
        ? { status: 'ready', ...measures }
        : { status: 'degraded', reasons: lacks, ...measures };
    }
    return reply
      .code(503)
      .header('retry-after', '2')
      .send({ status: 'not ready', reasons: faults, ...measures });
  });
}

function readMeasures(checks: readonly ReadinessCheck[]): { measures?: Record<string, object> } {
  const measures = checks.flatMap(({ name, measure }) => (measure ? [[name, measure()] as const] : []));
  return measures.length > 0 ? { measures: Object.fromEntries(measures) } : {};
}

async function findReasons(
  checks: readonly ReadinessCheck[],
  choose: (check: ReadinessCheck) => ReadinessCheck['check'] | undefined,
) {
  const outcomes = await Promise.all(
    checks.map(async (check) => {
      const run = choose(check);
      return { name: check.name, reason: run && (await runCheck(run)) };
    }),
  );
  return outcomes.filter((outcome) => outcome.reason !== undefined);
}

async function runCheck(check: ReadinessCheck['check']): Promise<string | undefined> {
  const timeout = new Promise<string>((resolve) => {
    setTimeout(resolve, checkTimeoutMs, `no answer within ${checkTimeoutMs} ms`).unref();
  });
  try {
    return await Promise.race([check(), timeout]);
  } catch {
    return 'the check failed';
  }
}
