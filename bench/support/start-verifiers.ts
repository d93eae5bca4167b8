import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { jwksPathOf } from '@signet/schema/contract';
import { productSubgraphs, urlVariableOf } from '@signet/schema/subgraphs';
import { type AuthProcess, findFreePort, waitUntilReady } from './start-auth.ts';

/** The customers' entrance and the orders subgraph, each in a process of its own, beside an auth process. */
export type VerifierProcesses = { gateway: string; orders: string; stop(): Promise<void> };

export async function startVerifiers(auth: AuthProcess): Promise<VerifierProcesses> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => void (await Promise.all(stops.map((stopOne) => stopOne())));
  const { origin } = new URL(auth.url);
  const common = {
    LOG_LEVEL: 'warn',
    ISSUER_URL: origin,
    USER_JWKS_URL: origin + jwksPathOf('user'),
    PORTAL_JWKS_URL: origin + jwksPathOf('portal'),
    REVOCATIONS_DATABASE_URL: auth.urlOf('signet_verifier'),
    // Auth and orders are asked directly, too.
    REQUIRE_PROOF: 'no',
  };
  const start = async (script: string, portVariable: string, env: Record<string, string>) => {
    const port = await findFreePort();
    const child = spawn(process.execPath, [join(import.meta.dirname, '../..', script)], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { PATH: process.env.PATH, ...common, [portVariable]: String(port), ...env },
    });
    const exited = once(child, 'exit');
    stops.push(async () => {
      child.kill('SIGTERM');
      await exited;
    });
    const url = `http://127.0.0.1:${port}`;
    await waitUntilReady(url);
    return `${url}/graphql`;
  };
  try {
    const orders = await start('subgraphs/main.ts', 'PORT', {
      SUBGRAPH: 'orders',
      DATABASE_URL: auth.urlOf('signet_orders'),
      DEFAULT_TENANT: 'bench',
    });
    const gateway = await start('gateway/main.mjs', 'USER_PORT', {
      ENTRANCES: 'user',
      AUTH_USER_URL: auth.url,
      AUTH_PORTAL_URL: auth.url,
      // Of these, only orders is asked.
      ...Object.fromEntries(productSubgraphs.map(({ name }) => [urlVariableOf(name), orders])),
    });
    return { gateway, orders, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
