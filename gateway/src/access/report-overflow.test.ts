import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { RefusalReport } from '@signet/schema/contract';
import { createLogger, formatSignetContext } from '@signet/service';
import { expect, it } from 'vitest';
import { createRefusalReports } from './refusal-reports.ts';

it('reports only a number, and names nobody, where callers are too many to count apart', async () => {
  const reports: RefusalReport[] = [];
  const auth = createServer(async (req, res) => {
    reports.push((await json(req)) as RefusalReport);
    res.writeHead(202).end();
  }).listen(0, '127.0.0.1');
  await once(auth, 'listening');
  const url = `http://127.0.0.1:${(auth.address() as AddressInfo).port}/graphql`;
  const { add, stop } = createRefusalReports({
    entrance: { kind: 'user', platforms: ['user'] },
    fieldPlatforms: new Map(),
    proof: { signerFor: () => () => ({}) },
    config: { AUTH_USER_URL: url, AUTH_PORTAL_URL: url },
    logger: createLogger('test', 'silent'),
    sampling: { maxKeys: 2 },
  });
  for (let n = 1; n <= 50; n++) {
    const signetContext = formatSignetContext({ requestId: `r-${n}`, clientAddress: `192.0.2.${n}` });
    add({ reason: 'auth.failure.malformed', place: 'token', signetContext });
  }
  await stop();
  auth.close();
  const told = reports.flatMap(({ refusals }) => refusals);
  expect(told.map(({ address, count, ofMany = false }) => [address, count, ofMany])).toEqual([
    ['192.0.2.1', 1, false],
    ['192.0.2.2', 1, false],
    [undefined, 1, true],
    [undefined, 47, true],
  ]);
  expect(told.slice(2).map((refusal) => refusal.requestId)).toEqual([undefined, undefined]);
});
