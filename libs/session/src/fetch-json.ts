import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import { inFetchSpan, type Span } from '@signet/telemetry/tracing';
import type { Agent } from 'undici';

const timeoutMs = 2000;
const maxBytes = 64 * 1024;

export type Reached = {
  /** Is called with each address to which the URL leads, before anything is sent there. @throws {Error} to refuse it */
  onAddress?: (address: string) => void;
  /** Is called with the address to which a connection was made. */
  onConnect?: (address: string) => void;
};

/**
 * Fetches the JSON at the URL. Follows no redirect: keys come from the address that the operator configured.
 *
 * @throws {Error} that says what is wrong: a status other than 200, more than 64 KB, something else than JSON, no whole answer within 2 s.
 */
export async function fetchJson(
  url: string,
  { span, ...watched }: Reached & { span?: Pick<Span, 'child'> | undefined } = {},
): Promise<unknown> {
  return inFetchSpan(span, { name: 'keys', method: 'GET', url }, (headers) =>
    fetchOnce(url, watched, headers),
  ).then(({ json }) => json);
}

async function fetchOnce(url: string, watched: Reached, sent: Readonly<Record<string, string>>) {
  const { request } = await import('./light-undici.ts');
  const signal = AbortSignal.timeout(timeoutMs);
  const reached = Object.keys(watched).length > 0 ? watched : undefined;
  const dispatcher = reached && (await createWatchedAgent(reached));
  try {
    const { statusCode, headers, body } = await request(url, {
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      signal,
      ...(dispatcher && { dispatcher }),
      headers: { accept: 'application/json', ...sent },
    });
    const text = await readLimited(body);
    if (statusCode >= 300 && statusCode < 400) {
      throw new Error(`answered ${statusCode}: redirects are not followed, configure the address itself`);
    }
    if (statusCode !== 200) throw new Error(`answered ${statusCode}`);
    return { status: statusCode, json: parse(text, headers['content-type']) };
  } catch (error) {
    const fault = signal.aborted ? `no whole answer within ${timeoutMs / 1000} s` : (error as Error).message;
    const { origin, pathname } = new URL(url);
    throw new Error(`${origin}${pathname}: ${fault}`, { cause: error });
  } finally {
    await dispatcher?.destroy();
  }
}

/** Connections whose addresses are checked. A name is looked up once for each: what was checked is what is connected to. */
export async function createWatchedAgent({ onAddress = () => {}, onConnect }: Reached): Promise<Agent> {
  const { Agent, buildConnector } = await import('./light-undici.ts');
  const check = (addresses: readonly { address: string }[]): Error | null => {
    try {
      for (const { address } of addresses) onAddress(address);
      return null;
    } catch (error) {
      return error as Error;
    }
  };
  const connect = buildConnector({
    timeout: timeoutMs,
    lookup(hostname, options, done) {
      lookup(hostname, { ...options, all: true }, (error, addresses) => {
        const refusal = error ?? check(addresses);
        const [{ address, family } = { address: '', family: 0 }] = addresses ?? [];
        if (options.all) done(refusal, addresses);
        else done(refusal, address, family);
      });
    },
  });
  return new Agent({
    connect(options, done) {
      // Node looks up names only.
      const address = options.hostname.replace(/^\[|\]$/g, '');
      const refusal = isIP(address) === 0 ? null : check([{ address }]);
      if (refusal) return void done(refusal, null);
      connect(options, (error, socket) => {
        if (error) return void done(error, null);
        if (socket.remoteAddress !== undefined) onConnect?.(socket.remoteAddress);
        done(null, socket);
      });
    },
  });
}

function parse(text: string, contentType: string | string[] | undefined): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`did not answer JSON (content-type: ${contentType ?? 'none'})`);
  }
}

async function readLimited(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`answered more than ${maxBytes / 1024} KB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
