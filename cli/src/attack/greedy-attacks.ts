import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Attack, shorten, type Target } from '@signet/testing/attack';
import { connectTo } from './raw-connection.ts';
import { TargetError } from './target.ts';

/** Of three subgraphs. One of them is little work: what these attacks take is places, not processors. */
const expensive =
  '{ customers(first: 20) { edges { node { createdAt supportNotes(first: 5) { edges { node { author { email } } } } } } } }';
const long = '{ customers(first: 100) { edges { node { id email createdAt } } } }';
/** More than the places of one client. */
const clients = 140;
const bodies = 150;
const bodyBytes = 256 * 1024;
const pipelined = 2000;

/**
 * Clients that take room and time without asking for more than they may. Whether others are served meanwhile, from another
 * address, is seen by the one who watches every attack.
 */
export const greedyAttacks: readonly Attack[] = [
  {
    name: 'slow readers',
    tried: `${clients} connections that ask for a long answer and read nothing of it`,
    async run(target) {
      const request = await writeHonest(target, long);
      return withSockets(target.graph.url, clients, async (sockets) => {
        for (const socket of sockets) {
          socket.pause().write(request);
          // One after the other: it is the answers that are to pile up, not the work.
          await sleep(20);
        }
        await sleep(2000);
        return undefined;
      });
    },
  },
  {
    name: 'hang-ups',
    tried: `${clients} clients that ask and leave before the answer`,
    async run(target) {
      const request = await writeHonest(target, expensive);
      return withSockets(target.graph.url, clients, async (sockets) => {
        for (const socket of sockets) socket.write(request);
        await sleep(150);
        for (const socket of sockets) socket.destroy();
        await sleep(2000);
        return undefined;
      });
    },
  },
  {
    name: 'unfinished bodies',
    tried: `${bodies} requests of 256 KB of which the last byte never comes`,
    run: ({ graph }) =>
      withSockets(graph.url, bodies, async (sockets) => {
        const body = `{"query":"${' '.repeat(bodyBytes - 12)}"}`;
        const unfinished = Buffer.from(writePost(graph.url, body).slice(0, -1));
        let refused = 0;
        for (const socket of sockets) {
          // Either one ends the attack on this connection; the server need not read on.
          void Promise.race([once(socket, 'data'), once(socket, 'close')]).then(
            () => {
              refused += 1;
            },
            () => {},
          );
          socket.write(unfinished);
        }
        await sleep(3000);
        const held = sockets.length - refused;
        const most = sockets.length / 2;
        return held > most ? `${held} unfinished bodies of 256 KB are kept for one client` : undefined;
      }),
  },
  {
    name: 'requests without waiting',
    tried: `${pipelined} requests at once on a connection`,
    run: ({ graph }) =>
      withSockets(graph.url, 1, async ([socket]) => {
        let answers = 0;
        socket?.setEncoding('latin1').on('data', (piece: string) => {
          answers += piece.split('HTTP/1.1 ').length - 1;
        });
        socket?.write(writePost(graph.url, '{"query":"{ __typename }"}').repeat(pipelined));
        // A busy machine takes its time; a server that holds closes the connection at once.
        const ended = performance.now() + 20_000;
        while (answers <= 100 && socket?.destroyed === false && performance.now() < ended) await sleep(50);
        return answers > 100 ? `${answers} of them were answered` : undefined;
      }),
  },
];

/**
 * The bytes of an operation of staff that is answered when it is asked as it should be.
 *
 * @throws {TargetError} where it is not: the attack would try nothing.
 */
async function writeHonest({ graph, staff }: Target, query: string): Promise<string> {
  const { status, body, text } = await graph.ask(query, { token: staff });
  if (status !== 200 || !body?.data) throw new TargetError(`an honest request got ${shorten(text)}`);
  return writePost(graph.url, JSON.stringify({ query }), [`Authorization: Bearer ${staff}`]);
}

/**
 * Opens connections for an attack, and closes them after it. Those that the server refuses are part of it.
 *
 * @throws {TargetError} where there is none at all.
 */
async function withSockets(
  url: string,
  count: number,
  attack: (sockets: readonly Socket[]) => Promise<string | undefined>,
): Promise<string | undefined> {
  const sockets = Array.from({ length: count }, () => connectTo(url).on('error', () => {}));
  try {
    const event = url.startsWith('https:') ? 'secureConnect' : 'connect';
    await Promise.any(sockets.map((socket) => once(socket, event))).catch(() => {
      throw new TargetError(`no connection to ${url} was accepted`);
    });
    return await attack(sockets);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

function writePost(url: string, body: string, headers: readonly string[] = []): string {
  return [
    'POST /graphql HTTP/1.1',
    `Host: ${new URL(url).host}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
    '',
    body,
  ].join('\r\n');
}
