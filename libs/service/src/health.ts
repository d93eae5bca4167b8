import type { FastifyInstance } from 'fastify';

/** Something that a process needs to serve. `check` returns the reason why the process can't serve, or undefined; it may throw. */
export type ReadinessCheck = {
  name: string;
  check: () => Promise<string | undefined> | string | undefined;
  /** Numbers that are always shown, for example how old the data is. Strangers may read them. */
  measure?: () => object;
};

const checkTimeoutMs = 2000;

/**
 * `/health/live`: the process runs. `/health/ready`: it can serve; otherwise 503 with the reason of each part that fails. Both
 * answers of `ready` carry the measures of the parts.
 */
export function registerHealth(
  server: FastifyInstance,
  checks: readonly ReadinessCheck[],
  isStopping: () => boolean,
): void {
  server.get('/health/live', async () => ({ status: 'live' }));
  server.get('/health/ready', async (_request, reply) => {
    const faults = isStopping() ? [{ name: 'process', reason: 'is stopping' }] : await findFaults(checks);
    const measures = readMeasures(checks);
    if (faults.length === 0) {
      return { status: 'ready', ...measures };
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

async function findFaults(checks: readonly ReadinessCheck[]) {
  const outcomes = await Promise.all(
    checks.map(async ({ name, check }) => ({ name, reason: await runCheck(check) })),
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
