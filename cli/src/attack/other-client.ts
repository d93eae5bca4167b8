import { once } from 'node:events';
import { type IncomingMessage, request as requestOverHttp } from 'node:http';
import { request as requestOverHttps } from 'node:https';
import { text } from 'node:stream/consumers';

const body = JSON.stringify({ query: '{ __typename }' });
const loopback = new Set(['127.0.0.1', 'localhost']);
const timeoutMs = 45_000;

/**
 * A client that asks for next to nothing. On this machine it has an address of its own, where the system has more than one: what
 * the attacker's address is refused is no loss to others.
 *
 * @returns whether the server answers one request.
 */
export function createOtherClient(url: string): () => Promise<boolean> {
  const { hostname } = new URL(url);
  let localAddress = loopback.has(hostname) ? '127.0.0.2' : undefined;
  const isServed = async (): Promise<boolean> => {
    try {
      return await ask(url, localAddress);
    } catch (error) {
      if (localAddress === undefined || (error as NodeJS.ErrnoException).code !== 'EADDRNOTAVAIL') {
        return false;
      }
      localAddress = undefined;
      return isServed();
    }
  };
  return isServed;
}

async function ask(url: string, localAddress: string | undefined): Promise<boolean> {
  const send = url.startsWith('https:') ? requestOverHttps : requestOverHttp;
  const request = send(new URL('/graphql', url), {
    method: 'POST',
    agent: false,
    headers: { 'content-type': 'application/json', 'content-length': body.length },
    signal: AbortSignal.timeout(timeoutMs),
    ...(localAddress !== undefined && { localAddress, family: 4 }),
  });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  await text(response);
  return response.statusCode === 200;
}
