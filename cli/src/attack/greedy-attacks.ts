import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Attack } from '@signet/testing/attack';

/** Of three subgraphs. One of them is little work: what these attacks take is places, not processors. */
const expensive = JSON.stringify({
  query:
    '{ customers(first: 20) { edges { node { createdAt supportNotes(first: 5) { edges { node { author { email } } } } } } } }',
});
const long = JSON.stringify({ query: '{ customers(first: 100) { edges { node { id email createdAt } } } }' });
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
    run: ({ graph, staff }) =>
      withSockets(graph.url, clients, async (sockets) => {
        for (const socket of sockets) {
          socket.pause().write(writePost(graph.url, long, [`Authorization: Bearer ${staff}`]));
          // One after the other: it is the answers that are to pile up, not the work.
          await sleep(20);
        }
        await sleep(2000);
        return undefined;
      }),
  },
  {
    name: 'hang-ups',
    tried: `${clients} clients that ask and leave before the answer`,
    run: ({ graph, staff }) =>
      withSockets(graph.url, clients, async (sockets) => {
        for (const socket of sockets) {
          socket.write(writePost(graph.url, expensive, [`Authorization: Bearer ${staff}`]));
        }
        await sleep(150);
        for (const socket of sockets) socket.destroy();
        await sleep(2000);
        return undefined;
      }),
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
        await sleep(2000);
        return answers > 100 ? `${answers} of them were answered` : undefined;
      }),
  },
];

/** Opens connections for an attack, and closes them after it. Those that the server refuses are part of it. */
async function withSockets(
  url: string,
  count: number,
  attack: (sockets: readonly Socket[]) => Promise<string | undefined>,
): Promise<string | undefined> {
  const { hostname, port } = new URL(url);
  const sockets = Array.from({ length: count }, () => connect(Number(port), hostname).on('error', () => {}));
  try {
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
