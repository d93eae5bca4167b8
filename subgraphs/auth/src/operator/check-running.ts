import { portOffsets, subgraphs } from '@signet/schema/subgraphs';
import { hearsNotifications } from '@signet/session/hearing';
import type { AuthConfig } from '../settings.ts';
import { type Finding, note, ok, wrong } from './finding.ts';
import type { OperatorEnvironment } from './operator-environment.ts';

const answerMs = 3000;

type Readiness = { status?: string; reasons?: { name: string; reason: string }[] };

/** What the processes say of themselves: a process can lack what this command finds, such as a way to the database. */
export async function checkRunning(config: AuthConfig, { local }: OperatorEnvironment): Promise<Finding[]> {
  if (local && !local.isRunning) return [];
  const processes = local ? listLocal(local.portBase) : [{ name: 'auth', port: config.PORT }];
  return Promise.all(processes.map(checkReadiness));
}

/** All that `npm start` starts. An entrance stands for the gateway. */
function listLocal(portBase: number): { name: string; port: number }[] {
  const listed = subgraphs.map(({ name, portOffset }) => ({ name, port: portBase + portOffset }));
  return [...listed, { name: 'gateway', port: portBase + portOffsets.graph }];
}

async function checkReadiness({ name, port }: { name: string; port: number }): Promise<Finding> {
  const subject = `${name} process`;
  const url = `http://127.0.0.1:${port}/health/ready`;
  let answer: { isOk: boolean; body: Readiness };
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(answerMs) });
    answer = { isOk: response.ok, body: (await response.json()) as Readiness };
  } catch {
    return note(subject, `${url} gives no answer to this machine`);
  }
  const { isOk, body } = answer;
  if (isOk && body.status === 'ready') return ok(subject, 'is ready');
  const reasons = body.reasons?.map((each) => `${each.name}: ${each.reason}`).join('; ');
  return wrong(
    subject,
    `is ${body.status ?? 'not ready'}${reasons ? ` (${reasons})` : ''}`,
    'It goes on by itself within seconds after the cause has ended; its log says more.',
  );
}

/** Whether the revocation feed is woken, from here, as the processes' feeds should be. */
export async function checkRevocations({ REVOCATIONS_DATABASE_URL: url }: AuthConfig): Promise<Finding[]> {
  if (url === undefined) return [];
  const subject = 'revocations';
  try {
    return [
      (await hearsNotifications(url))
        ? ok(subject, 'a connection to their database hears NOTIFY')
        : wrong(
            subject,
            'a connection to their database hears no NOTIFY',
            'Let REVOCATIONS_DATABASE_URL go to the server itself, past a pooler in transaction mode.',
          ),
    ];
  } catch (error) {
    const text = `their database can not be used: ${(error as Error).message}`;
    return [wrong(subject, text, 'Check REVOCATIONS_DATABASE_URL.')];
  }
}
