import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { parseSignetContext, signetContextHeader } from '@signet/service';

/** What can go wrong between gateway and subgraph. `slow` ends well. */
export const faults = ['closed', 'garbled', 'html', 'cut', 'slow'] as const;
export type Fault = (typeof faults)[number];

export type FaultyProxy = { url: string; stop(): Promise<void> };

/** A client whose requests go wrong names itself so. */
export function deviceWith(fault: Fault): string {
  return `fault/${fault}`;
}

/**
 * A proxy in front of a subgraph, on a thread of its own: what it does to a request must not depend on how busy the platform
 * is. Path, headers and body pass unchanged, since they are signed.
 */
export async function startFaultyProxy(subgraphPort: number): Promise<FaultyProxy> {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { subgraphPort } });
  const [port] = (await once(worker, 'message')) as [number];
  return { url: `http://127.0.0.1:${port}`, stop: async () => void (await worker.terminate()) };
}

if (!isMainThread && workerData?.subgraphPort !== undefined) {
  const server = createServer((req, res) => void serve(req, res, workerData.subgraphPort));
  server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port));
}

const agent = new Agent({ keepAlive: true });

async function serve(req: IncomingMessage, res: ServerResponse, port: number): Promise<void> {
  // The subgraph itself is well: whoever asks it for a sign of life gets one.
  if (req.url?.startsWith('/health/')) {
    res.end();
    return;
  }
  const body = await buffer(req);
  const fault = faultOf(req);
  if (fault === 'closed') {
    req.socket.destroy();
  } else if (fault === 'garbled') {
    res.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{"_entities":[{"items"');
  } else if (fault === 'html') {
    res.writeHead(502, { 'content-type': 'text/html' }).end('<h1>secret-host-17 is down</h1>');
  } else {
    if (fault === 'slow') await new Promise((resolve) => setTimeout(resolve, 150));
    await forward({ req, body, port }, res, fault === 'cut');
  }
}

type Forwarded = { req: IncomingMessage; body: Buffer; port: number };

async function forward({ req, body, port }: Forwarded, res: ServerResponse, isCut: boolean): Promise<void> {
  const { method, url: path, rawHeaders: headers } = req;
  const sent = request({ host: '127.0.0.1', port, method, path, headers, agent }).end(body);
  try {
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    const content = await buffer(answer);
    res.writeHead(answer.statusCode ?? 500, answer.headers);
    if (isCut) {
      res.write(content.subarray(0, content.length / 2), () => res.destroy());
    } else {
      res.end(content);
    }
  } catch {
    res.destroy();
  }
}

function faultOf({ headers }: IncomingMessage): Fault | undefined {
  const device = parseSignetContext(String(headers[signetContextHeader]))?.device;
  return faults.find((fault) => device === deviceWith(fault));
}
