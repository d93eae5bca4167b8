import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** A request that a replica had begun when it went away. Its client got no answer. */
export type CutRequest = { replica: number; isMutation: boolean };

type Target = { url: string; isReady: boolean; agent: Agent; answered: number };

const checkEveryMs = 300;
/** No replica hangs here, but each may be slow on a busy machine: with both given up, clients would have no answer. */
const checkTimeoutMs = 20_000;
const perConnection = new Set(['connection', 'keep-alive', 'transfer-encoding']);

/**
 * A load balancer for HTTP as many are: each request goes to the next replica that is ready (`/health/ready`, three times a second), whatever
 * its client had before. What a replica refused to take goes to the next one. A request that was inside a replica which goes away is not
 * sent again, since it may have been done: its client's connection ends.
 */
export class Balancer {
  readonly cut: CutRequest[] = [];
  /** Whether it looks which replicas are ready. */
  isChecking = true;
  readonly #targets: Target[];
  readonly #server = createServer((req, res) => void this.#pass(req, res));
  readonly #stopping = new AbortController();
  #turn = 0;
  #only: number | undefined;
  #checking: Promise<void>[] = [];

  private constructor(urls: readonly string[]) {
    const open = (url: string): Target => ({
      url,
      isReady: false,
      agent: new Agent({ keepAlive: true }),
      answered: 0,
    });
    this.#targets = urls.map(open);
  }

  static async listen(port: number, urls: readonly string[]): Promise<Balancer> {
    const balancer = new Balancer(urls);
    balancer.#server.keepAliveTimeout = 60_000;
    balancer.#server.listen(port, '127.0.0.1');
    await once(balancer.#server, 'listening');
    balancer.#checking = balancer.#targets.map((target) => balancer.#follow(target));
    return balancer;
  }

  /** How many requests each replica has answered. */
  get answered(): number[] {
    return this.#targets.map(({ answered }) => answered);
  }

  /** Whether as many replicas are ready. */
  hasReady(count: number): boolean {
    return this.#targets.filter(({ isReady }) => isReady).length === count;
  }

  /** Sends everything to one replica, or again to all of them. */
  use(replica: number | 'all'): void {
    this.#only = replica === 'all' ? undefined : replica;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#server.close();
    this.#server.closeAllConnections();
    for (const { agent } of this.#targets) agent.destroy();
    await Promise.all(this.#checking);
  }

  async #follow(target: Target): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      if (!this.isChecking) {
        await sleep(checkEveryMs);
        continue;
      }
      const answer = await fetch(`${target.url}/health/ready`, {
        signal: AbortSignal.timeout(checkTimeoutMs),
      }).catch(() => undefined);
      await answer?.body?.cancel();
      target.isReady = answer?.ok ?? false;
      await sleep(checkEveryMs);
    }
  }

  #choose(tried: ReadonlySet<Target>): Target | undefined {
    if (this.#only !== undefined) return this.#targets[this.#only];
    const ready = this.#targets.filter((target) => target.isReady && !tried.has(target));
    this.#turn += 1;
    return ready[this.#turn % ready.length];
  }

  async #pass(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    req.on('error', () => {});
    res.on('error', () => {});
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const tried = new Set<Target>();
    for (;;) {
      const target = this.#choose(tried);
      if (!target) return void res.destroy();
      tried.add(target);
      try {
        const answer = await exchange(target, req, body);
        target.answered += 1;
        res.writeHead(answer.status, answer.headers);
        return void res.end(answer.body);
      } catch (error) {
        target.isReady = false;
        if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED' && this.#only === undefined) continue;
        const isMutation = /"query":\s*"\s*mutation/.test(body.toString());
        this.cut.push({ replica: this.#targets.indexOf(target), isMutation });
        return void res.destroy();
      }
    }
  }
}

type Answer = { status: number; headers: string[]; body: Buffer };

function exchange(target: Target, req: IncomingMessage, body: Buffer): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request(
    new URL(req.url ?? '/', target.url),
    {
      method: req.method ?? 'GET',
      headers: Object.fromEntries(Object.entries(req.headers).filter(([name]) => !perConnection.has(name))),
      agent: target.agent,
    },
    (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        if (!response.complete) return reject(new Error('the answer was cut off'));
        const { rawHeaders } = response;
        const headers = rawHeaders.filter(
          (_, at) => !perConnection.has((rawHeaders[at - (at % 2)] as string).toLowerCase()),
        );
        resolve({ status: response.statusCode ?? 502, headers, body: Buffer.concat(chunks) });
      });
    },
  );
  sent.on('error', reject);
  sent.end(body);
  return promise;
}
