import { portOffsets, subgraphs } from '@signet/schema/subgraphs';
import { receivesNotifications } from '@signet/session/notification-probe';
import type { AuthConfig } from '../settings.ts';
import { type Finding, note, ok, wrong } from './finding.ts';
import type { OperatorEnvironment } from './operator-environment.ts';

const answerMs = 3000;

type Readiness = {
  status?: string;
  reasons?: { name: string; reason: string }[];
  /** Of a metrics port that stands for several services. */
  services?: Record<string, Readiness>;
};

/** What the processes say of themselves: a process can lack what this command finds, such as a way to the database. */
export async function checkRunning(config: AuthConfig, { local }: OperatorEnvironment): Promise<Finding[]> {
  if (local && !local.isRunning) return [];
  const processes = local ? listLocal(local.portBase) : [{ name: 'auth', port: config.PORT }];
  return Promise.all(
    processes.map(async ({ name, port }) => {
      const url = `http://127.0.0.1:${port}`;
      return (
        (await readReadiness(`${name} process`, url)) ??
        note(`${name} process`, `${url}/health/ready gives no answer to this machine`)
      );
    }),
  );
}

/**
 * Asks each of the metrics ports. Unlike an auth process's own view, which ends at its database, this is the whole deployment: a gateway says
 * which of its subgraphs it misses.
 */
export function checkProcesses(metricsUrls: readonly string[]): Promise<Finding[]> {
  return Promise.all(
    metricsUrls.map(
      async (url) =>
        (await readReadiness(url, url)) ??
        wrong(
          url,
          'gives no answer',
          'Does the process run, with this METRICS_PORT, and may this machine reach it?',
        ),
    ),
  );
}

/** All that `npm start` starts. An entrance stands for the gateway. */
function listLocal(portBase: number): { name: string; port: number }[] {
  const listed = subgraphs.map(({ name, portOffset }) => ({ name, port: portBase + portOffset }));
  return [...listed, { name: 'gateway', port: portBase + portOffsets.graph }];
}

/** Undefined without an answer. */
async function readReadiness(subject: string, origin: string): Promise<Finding | undefined> {
  let answer: { isOk: boolean; body: Readiness };
  try {
    const response = await fetch(new URL('/health/ready', origin), { signal: AbortSignal.timeout(answerMs) });
    answer = { isOk: response.ok, body: (await response.json()) as Readiness };
  } catch {
    return undefined;
  }
  const { isOk, body } = answer;
  if (isOk && body.status === 'ready') return ok(subject, 'is ready');
  const reasons = listReasons(body).join('; ');
  return wrong(
    subject,
    `is ${body.status ?? 'not ready'}${reasons ? ` (${reasons})` : ''}`,
    'It goes on by itself within seconds after the cause has ended; its log says more.',
  );
}

function listReasons({ reasons = [], services = {} }: Readiness): string[] {
  return [
    ...reasons.map(({ name, reason }) => `${name}: ${reason}`),
    ...Object.entries(services).flatMap(([service, one]) =>
      listReasons(one).map((text) => `${service}: ${text}`),
    ),
  ];
}

/** Whether the revocation feed is woken, from here, as the processes' feeds should be. */
export async function checkRevocations({ REVOCATIONS_DATABASE_URL: url }: AuthConfig): Promise<Finding[]> {
  if (url === undefined) return [];
  const subject = 'revocations';
  try {
    return [
      (await receivesNotifications(url))
        ? ok(subject, 'a connection to their database receives NOTIFY')
        : wrong(
            subject,
            'a connection to their database receives no NOTIFY',
            'Let REVOCATIONS_DATABASE_URL go to the server itself, past a pooler in transaction mode.',
          ),
    ];
  } catch (error) {
    const text = `their database can not be used: ${(error as Error).message}`;
    return [wrong(subject, text, 'Check REVOCATIONS_DATABASE_URL.')];
  }
}
