import { createLogger } from '@signet/service';
import { expect, test, vi } from 'vitest';
import { sha256 } from './decide-document.ts';
import { createDocumentMark } from './document-mark.ts';
import { joinManifests } from './manifest.ts';
import { createUnlistedLog } from './unlisted-log.ts';

const list = joinManifests([
  { file: 'a.json', documents: [{ id: '1', name: 'Products', body: 'query Products { a }' }] },
]);

const markOf = createDocumentMark();

test('logs each operation at once, then how often it came', () => {
  const { log, lines } = createLog();
  const text = 'query Products { a b }';
  for (let i = 0; i < 5; i += 1) log.add({ text, id: undefined, operationName: 'Products' }, list);
  log.add({ text: '{ c }', id: undefined, operationName: undefined }, list);
  log.stop();
  const operation = { name: 'Products', hash: markOf(sha256(text)), isNameListed: true };
  expect(lines()).toEqual([
    { entrance: 'user', isRefused: false, requests: 1, ...operation },
    { entrance: 'user', isRefused: false, requests: 1, hash: markOf(sha256('{ c }')), isNameListed: false },
    { entrance: 'user', isRefused: false, requests: 4, ...operation },
  ]);
});

test('puts nothing of literals, and nothing that is no name or hash, into the log', () => {
  const { log, lines } = createLog();
  const secrets = [
    { text: 'mutation { login(password: " query hunter2 ") }', id: undefined, operationName: undefined },
    { text: undefined, id: 'hunter2', operationName: 'hunter2\n"' },
    { text: '# query hunter2\n{ a }', id: undefined, operationName: undefined },
  ];
  for (const secret of secrets) log.add(secret, list);
  log.stop();
  expect(lines()).toHaveLength(3);
  expect(JSON.stringify(lines())).not.toContain('hunter2');
});

test('a literal cannot be found out by trying: the log holds no hash that others can compute', () => {
  const { log, lines } = createLog();
  const text = 'query Customer { customer(email: "ada@example.com") { id } }';
  log.add({ text, id: undefined, operationName: 'Customer' }, list);
  log.add({ text: undefined, id: sha256(text), operationName: 'Customer' }, list);
  log.stop();
  expect(JSON.stringify(lines())).not.toContain(sha256(text).slice(0, 8));
  // The same document has the same mark, however it was sent; in another process it has another.
  expect(new Set(lines().map(({ hash }) => hash)).size).toBe(1);
  expect(createDocumentMark()(sha256(text))).not.toBe(lines()[0]?.hash);
});

test('logs a flood of invented names in a bounded number of lines', () => {
  const { log, lines } = createLog();
  for (let i = 0; i < 3000; i += 1) log.add({ text: '{ a }', id: undefined, operationName: `N${i}` }, list);
  log.stop();
  expect(lines().length).toBeLessThan(600);
  expect(lines().reduce((sum, { requests }) => sum + requests, 0)).toBe(3000);
});

function createLog() {
  const logger = createLogger('test', 'silent');
  const info = vi.spyOn(logger, 'info');
  const log = createUnlistedLog(logger, { entrance: 'user', isRefused: false, markOf });
  return {
    log,
    lines: () => info.mock.calls.map(([line]) => line as unknown as { requests: number; hash?: string }),
  };
}
