import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { BrokenProtocolError, guardProtocol } from './guard-protocol.ts';

/** A message as PostgreSQL sends it (its manual, 54.7). */
function toMessage(type: string, body: readonly number[]): Buffer {
  const head = Buffer.alloc(5, type, 'latin1');
  head.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([head, Buffer.from(body)]);
}
const authenticationOk = toMessage('R', [0, 0, 0, 0]);
const readyForQuery = toMessage('Z', ['I'.charCodeAt(0)]);

const answers = [
  {
    name: 'a row with a field of half a gigabyte',
    answer: toMessage('D', [0, 2, 0x20, 0, 0, 1, 0x31, 0, 0, 0, 1, 0x31]),
  },
  { name: 'a message of no known type', answer: toMessage('!', []) },
  { name: 'an unknown way to sign in', answer: toMessage('R', [0, 0, 0, 99]) },
];

it.each(answers)('$name costs the connection, and nothing else', async ({ answer }) => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.write(Buffer.concat([authenticationOk, readyForQuery]));
      socket.once('data', () => socket.write(Buffer.concat([answer, readyForQuery])));
    });
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const client = new pg.Client({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  guardProtocol(client);
  client.on('error', () => {});
  const ended = new Promise((resolve) => client.once('end', resolve));
  await client.connect();
  await expect(client.query('select 1')).rejects.toBeInstanceOf(BrokenProtocolError);
  await ended;
});
