import type { FastifyInstance } from 'fastify';
import type { Logger } from './logger.ts';

/** Something that a process needs to serve. `check` returns the reason why the process can't serve, or undefined; it may throw. */
export type ReadinessCheck = {
  name: string;
  check: () => Promise<string | undefined> | string | undefined;
  /** Returns what works less well than it should, or undefined. The process serves all the same. */
  findLack?: () => Promise<string | undefined> | string | undefined;
  /** Numbers that are shown with the reasons, for example how old the data is. */
  measure?: () => object;
};

const checkTimeoutMs = 2000;

export type HealthOptions = {
  checks: readonly ReadinessCheck[];
  isStopping(): boolean;
  logger: Logger;
  /** Whether strangers can reach this server: then the answer is one word, and the reasons are in the log only. */
  isPublic: boolean;
};

/**
 * `/health/live`: the process runs. `/health/ready`: it can serve, else 503. `degraded` with 200: it can serve, but not all of it or
 * not as it should. A load balancer must go on sending requests then, since every other replica lacks the same. Where operators
 * alone can ask, answers carry the reasons and the measures of the parts. The log has a line when they change.
 */
export function registerHealth(server: FastifyInstance, options: HealthOptions): void {
  const { checks, isStopping, isPublic, logger } = options;
  const logChange = createChangeLog(logger);
  server.get('/health/live', async () => ({ status: 'live' }));
  server.get('/health/ready', async (_request, reply) => {
    const [faults, lacks] = await Promise.all([
      isStopping() ? [{ name: 'process', reason: 'is stopping' }] : findReasons(checks, ({ check }) => check),
      findReasons(checks, ({ findLack }) => findLack),
    ]);
    const status = faults.length > 0 ? 'not ready' : lacks.length > 0 ? 'degraded' : 'ready';
    const reasons = faults.length > 0 ? faults : lacks;
    logChange(status, reasons);
    if (status === 'not ready') reply.code(503).header('retry-after', '2');
    if (isPublic) return { status };
    return { status, ...(reasons.length > 0 && { reasons }), ...readMeasures(checks) };
  });
}

type Reason = { name: string; reason: string | undefined };

/** Logs readiness when other parts fail than at the last check. Reasons may hold numbers that change every time. */
function createChangeLog(logger: Logger): (status: string, reasons: readonly Reason[]) => void {
  let known = 'ready';
  return (status, reasons) => {
    const state = [status, ...reasons.map(({ name }) => name)].join(' ');
    if (state === known) return;
    known = state;
    if (reasons.length > 0) logger.warn({ reasons }, `the process is ${status}`);
    else logger.info('the process is ready again');
  };
}

function readMeasures(checks: readonly ReadinessCheck[]): { measures?: Record<string, object> } {
  const measures = checks.flatMap(({ name, measure }) => (measure ? [[name, measure()] as const] : []));
  return measures.length > 0 ? { measures: Object.fromEntries(measures) } : {};
}

/** Runs checks side by side, each for two seconds at most. Returns those that found a reason. */
export async function findReasons(
  checks: readonly ReadinessCheck[],
  choose: (check: ReadinessCheck) => ReadinessCheck['check'] | undefined = ({ check }) => check,
): Promise<Reason[]> {
  const outcomes = await Promise.all(
    checks.map(async (check) => {
      const run = choose(check);
      return { name: check.name, reason: run && (await runCheck(run)) };
    }),
  );
  return outcomes.filter(({ reason }) => reason !== undefined);
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
