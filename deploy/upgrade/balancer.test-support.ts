import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * One address for all processes of a service, as an engine's proxy has it: requests go to one after the other. It takes a process out before it
 * ends, so a request meets none that is about to.
 */
export class Balancer {
  readonly port: number;
  readonly #server: Server;
  readonly #targets: number[] = [];
  readonly #open = new Map<number, number>();
  #turn = 0;

  static async open(): Promise<Balancer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Balancer(server);
  }

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('request', (req, res) => {
      const port = this.#targets[this.#turn++ % this.#targets.length];
      if (port === undefined) {
        res.writeHead(502).end('no process is there');
        return;
      }
      this.#count(port, 1);
      res.once('close', () => this.#count(port, -1));
      const { method, url, rawHeaders } = req;
      // A connection for each request, and the headers as they came: the proof covers them.
      const passed = request({
        host: '127.0.0.1',
        port,
        method,
        path: url,
        headers: rawHeaders,
        agent: false,
      });
      passed.on('response', (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        answer.pipe(res);
      });
      passed.on('error', (error) => {
        if (res.headersSent) res.destroy();
        else res.writeHead(502).end(error.message);
      });
      req.pipe(passed);
    });
  }

  add(port: number): void {
    this.#targets.push(port);
  }

  /** Resolves once the process has answered what it was given. */
  async remove(port: number): Promise<void> {
    this.#targets.splice(this.#targets.indexOf(port), 1);
    while ((this.#open.get(port) ?? 0) > 0) await sleep(5);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #count(port: number, change: number): void {
    this.#open.set(port, (this.#open.get(port) ?? 0) + change);
  }
}
