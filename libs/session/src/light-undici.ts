import { createRequire } from 'node:module';
import type undici from 'undici';

/*
 * What a process fetches beside its work, such as the keys of an issuer. undici's entry would load its fetch, WebSocket, caches and mocks too, and
 * all of it stays in memory (docs/decisions/0094-what-the-gateway-keeps-in-memory.md).
 */
export const Agent = createRequire(import.meta.url)('undici/lib/dispatcher/agent.js') as typeof undici.Agent;
export const buildConnector = createRequire(import.meta.url)(
  'undici/lib/core/connect.js',
) as typeof undici.buildConnector;
const send = createRequire(import.meta.url)('undici/lib/api/api-request.js') as undici.Dispatcher['request'];

type Options = NonNullable<Parameters<typeof undici.request>[1]>;
let shared: undici.Agent | undefined;

/** undici's `request`: follows no redirect. Connections are kept for some seconds, unless the dispatcher says otherwise. */
export function request(url: string | URL, options: Options): ReturnType<typeof undici.request> {
  const { origin, pathname, search } = new URL(url);
  const { dispatcher, method = 'GET', ...rest } = options;
  shared ??= new Agent();
  const answer = send.call(dispatcher ?? shared, { ...rest, method, origin, path: `${pathname}${search}` });
  return answer as ReturnType<typeof undici.request>;
}
