import { setImmediate as pollOnce } from 'node:timers/promises';
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

export type Reason = { name: string; reason: string };
export type HealthReport = { status: 'ready' | 'degraded' | 'not ready'; reasons: readonly Reason[] };

/** What a server or a process knows of itself, for every port that shows it. */
export type Health = {
  /** Whether the start has ended. It says nothing of what the process needs: a restart would not bring that back. */
  isStarted(): boolean;
  /** Whether it can serve now. All who ask at a time share one run of the checks, and its report is used for 250 ms. */
  readReadiness(): Promise<HealthReport>;
  /** The numbers of the checks, by their names. */
  readMeasures(): Record<string, object>;
};

export type HealthOptions = {
  checks: readonly ReadinessCheck[];
  isStarted(): boolean;
  isStopping(): boolean;
  logger: Logger;
};

/** A check's own timeouts are shorter, so that it can say more than that it took too long. */
const checkTimeoutMs = 1000;
/** However many probes and monitors ask, the checks run four times a second at most. */
const maxAgeMs = 250;
const stopping: HealthReport = { status: 'not ready', reasons: [{ name: 'process', reason: 'is stopping' }] };

/**
 * Runs the checks when somebody asks. The log has a line when other parts fail than before. `not ready`: it can't serve. `degraded`: it
 * can serve, but not all of it or not as it should.
 */
export function createHealth({ checks, isStarted, isStopping, logger }: HealthOptions): Health {
  const logChange = createChangeLog(logger);
  let latest: { report: Promise<HealthReport>; endedAt: number } | undefined;
  const run = async (): Promise<HealthReport> => {
    const [faults, lacks] = await Promise.all([
      findReasons(checks),
      findReasons(checks, ({ findLack }) => findLack),
    ]);
    if (faults.length > 0) return { status: 'not ready', reasons: faults };
    return { status: lacks.length > 0 ? 'degraded' : 'ready', reasons: lacks };
  };
  const share = (): Promise<HealthReport> => {
    if (latest && performance.now() - latest.endedAt < maxAgeMs) return latest.report;
    const shared = { report: run(), endedAt: Number.POSITIVE_INFINITY };
    latest = shared;
    void shared.report.then(() => {
      shared.endedAt = performance.now();
    });
    return shared.report;
  };
  return {
    isStarted,
    async readReadiness() {
      const report = isStopping() ? stopping : await share();
      logChange(report);
      return report;
    },
    readMeasures: () =>
      Object.fromEntries(checks.flatMap(({ name, measure }) => (measure ? [[name, measure()]] : []))),
  };
}

export type HealthAnswer = { status: number; headers: Record<string, string>; body: object };

/**
 * The answer to GET `path`, for a server of any kind; undefined where it is no path of health.
 * - `/health/live`: the process runs. Another answer, or none, is a reason to kill it.
 * - `/health/started`: its start has ended, else 503.
 * - `/health/ready`: it can serve, else 503. `degraded` with 200: a load balancer must go on sending requests, since every other replica
 *   lacks the same.
 *
 * `isPublic`: strangers can ask. They get one word; the reasons are in the log.
 */
export async function answerHealth(
  health: Health,
  path: string,
  { isPublic }: { isPublic: boolean },
): Promise<HealthAnswer | undefined> {
  switch (path) {
    case '/health/live':
      return { status: 200, headers: {}, body: { status: 'live' } };
    case '/health/started': {
      const isStarted = health.isStarted();
      return isStarted
        ? { status: 200, headers: {}, body: { status: 'started' } }
        : { status: 503, headers: { 'retry-after': '1' }, body: { status: 'starting' } };
    }
    case '/health/ready': {
      const { status, reasons } = await health.readReadiness();
      const measures = health.readMeasures();
      const details = {
        ...(reasons.length > 0 && { reasons }),
        ...(Object.keys(measures).length > 0 && { measures }),
      };
      const body = isPublic ? { status } : { status, ...details };
      return status === 'not ready'
        ? { status: 503, headers: { 'retry-after': '2' }, body }
        : { status: 200, headers: {}, body };
    }
    default:
      return undefined;
  }
}

export const healthPaths = ['/health/live', '/health/started', '/health/ready'] as const;

export function registerHealth(server: FastifyInstance, health: Health, isPublic: boolean): void {
  for (const path of healthPaths) {
    server.get(path, async (_request, reply) => {
      const { status, headers, body } = (await answerHealth(health, path, { isPublic })) as HealthAnswer;
      reply.code(status).headers(headers);
      return body;
    });
  }
}

/** Logs readiness when other parts fail than at the last check. Reasons may hold numbers that change every time. */
function createChangeLog(logger: Logger): (report: HealthReport) => void {
  let known = 'ready';
  return ({ status, reasons }) => {
    const state = [status, ...reasons.map(({ name }) => name)].join(' ');
    if (state === known) return;
    known = state;
    if (reasons.length > 0) logger.warn({ reasons }, `the process is ${status}`);
    else logger.info('the process is ready again');
  };
}

/** Runs checks side by side, each for a second at most. Returns those that found a reason. */
async function findReasons(
  checks: readonly ReadinessCheck[],
  choose: (check: ReadinessCheck) => ReadinessCheck['check'] | undefined = ({ check }) => check,
): Promise<Reason[]> {
  const outcomes = await Promise.all(
    checks.map(async (check) => {
      const run = choose(check);
      return { name: check.name, reason: run && (await runCheck(run)) };
    }),
  );
  return outcomes.filter((outcome): outcome is Reason => outcome.reason !== undefined);
}

async function runCheck(check: ReadinessCheck['check']): Promise<string | undefined> {
  const timeout = Promise.withResolvers<string>();
  const timer = setTimeout(async () => {
    // After a busy moment of this process, an answer that came meanwhile is read after the timers.
    await pollOnce();
    await pollOnce();
    timeout.resolve(`no answer within ${checkTimeoutMs} ms`);
  }, checkTimeoutMs).unref();
  try {
    return await Promise.race([check(), timeout.promise]);
  } catch {
    return 'the check failed';
  } finally {
    clearTimeout(timer);
  }
}
