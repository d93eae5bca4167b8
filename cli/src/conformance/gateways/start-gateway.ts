import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GatewayAdapter, GatewayMissing, type GatewaySetting } from './gateway.ts';

export type RunningGateway = { url: string; stop(): Promise<void> };

const startMs = 60_000;
const stopMs = 3_000;
const keptOutput = 4_000;

/**
 * Starts a gateway and waits until it answers.
 *
 * @throws {GatewayMissing} where it ends instead, with the last that it wrote
 */
export async function startGatewayProcess(
  adapter: GatewayAdapter,
  setting: GatewaySetting,
): Promise<RunningGateway> {
  const { command, args, env = {}, cwd, path } = adapter.process(setting);
  const child = spawn(command, args, {
    cwd: cwd ?? setting.folder,
    env: { PATH: process.env.PATH, HOME: setting.folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-keptOutput);
    });
  }
  const exited = new Promise<void>((resolve) =>
    child.once('close', () => resolve()).once('error', () => resolve()),
  );
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  const signal = (name: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // It is gone.
    }
  };
  const stop = async () => {
    if (hasEnded()) return;
    signal('SIGTERM');
    await Promise.race([exited, sleep(stopMs, undefined, { ref: false })]);
    signal('SIGKILL');
    await exited;
  };
  const url = `http://127.0.0.1:${setting.port}${path}`;
  const until = Date.now() + startMs;
  while (!(await answers(url))) {
    if (hasEnded()) {
      await exited;
      throw new GatewayMissing(`does not start with this supergraph: ${lastLines(output)}`);
    }
    if (Date.now() > until) {
      await stop();
      throw new GatewayMissing(`does not answer within ${startMs / 1000} s: ${lastLines(output)}`);
    }
    await sleep(100);
  }
  return { url, stop };
}

/** Whether a GraphQL server answers at the URL, whatever it answers. */
export async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{ __typename }"}',
      signal: AbortSignal.timeout(2_000),
    });
    const answer = await response.json();
    return typeof answer === 'object' && answer !== null && ('data' in answer || 'errors' in answer);
  } catch {
    return false;
  }
}

export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** The lines that say most of why a process ended, without colours. */
function lastLines(output: string): string {
  const lines = output
    // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours begin with one.
    .replaceAll(/\u001b\[[0-9;]*m/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^at |^Node\.js v/.test(line));
  const errors = lines.filter((line) => /error/i.test(line));
  return (errors[0] ?? lines.at(-1) ?? 'it wrote nothing').slice(0, 400);
}
