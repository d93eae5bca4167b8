import type { FastifyInstance } from 'fastify';
import type { Logger } from './logger.ts';

/** Something that a process needs to serve. `check` returns the reason why the process can't serve, or undefined; it may throw. */
export type ReadinessCheck = {
  name: string;
  check: () => Promise<string | undefined> | string | undefined;
  /** Numbers that are shown with the reasons, for example how old the data is. */
  measure?: () => object;
};

const checkTimeoutMs = 2000;

export type HealthOptions = {
  checks: readonly ReadinessCheck[];
  isStopping(): boolean;
  logger: Logger;
  /** Whether strangers can reach this server: then the answer is ready or not, and the reasons are in the log only. */
  isPublic: boolean;
};

/**
 * `/health/live`: the process runs. `/health/ready`: it can serve, else 503. Where operators alone can ask, both answers of
 * `ready` carry the measures of the parts, and 503 the reason of each part that fails. The log has a line when that changes.
 */
export function registerHealth(server: FastifyInstance, options: HealthOptions): void {
  const { checks, isStopping, isPublic } = options;
  const logChange = createChangeLog(options.logger);
  server.get('/health/live', async () => ({ status: 'live' }));
  server.get('/health/ready', async (_request, reply) => {
    const faults = isStopping() ? [{ name: 'process', reason: 'is stopping' }] : await findFaults(checks);
    logChange(faults);
    const measures = isPublic ? {} : readMeasures(checks);
    if (faults.length === 0) {
      return { status: 'ready', ...measures };
    }
    return reply
      .code(503)
      .header('retry-after', '2')
      .send({ status: 'not ready', ...(!isPublic && { reasons: faults }), ...measures });
  });
}

type Fault = { name: string; reason: string | undefined };

/** Logs readiness when other parts fail than at the last check. Reasons may hold numbers that change every time. */
function createChangeLog(logger: Logger): (faults: readonly Fault[]) => void {
  let known = '';
  return (faults) => {
    const names = faults.map(({ name }) => name).join(' ');
    if (names === known) return;
    known = names;
    if (faults.length > 0) logger.warn({ reasons: faults }, 'the process is not ready');
    else logger.info('the process is ready again');
  };
}

function readMeasures(checks: readonly ReadinessCheck[]): { measures?: Record<string, object> } {
  const measures = checks.flatMap(({ name, measure }) => (measure ? [[name, measure()] as const] : []));
  return measures.length > 0 ? { measures: Object.fromEntries(measures) } : {};
}

async function findFaults(checks: readonly ReadinessCheck[]): Promise<Fault[]> {
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
