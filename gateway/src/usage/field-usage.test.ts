import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import type { OperationIdentity } from '../telemetry/operation-identity.ts';
import { RequestTelemetry } from '../telemetry/request-telemetry.ts';
import { createFieldUsage, maxClients } from './field-usage.ts';

function operationOf(fields: readonly string[]): OperationIdentity {
  return { name: 'Any', type: 'query', hash: 'hash', fields };
}
const users = operationOf(['Query.me', 'User.name']);

function request(operation: OperationIdentity | undefined, client?: string, version?: string, status = 200) {
  const headers = {
    ...(client !== undefined && { 'graphql-client-name': client }),
    ...(version !== undefined && { 'graphql-client-version': version }),
  };
  const telemetry = new RequestTelemetry('id', 'graph', { headers, method: 'POST' } as IncomingMessage);
  telemetry.operation = operation;
  telemetry.ended(status, true);
  return telemetry;
}

test('sums up by field, client and version; a request without a name counts for none', () => {
  const usage = createFieldUsage();
  usage.add(request(users, 'app', '1'));
  usage.add(request(users, 'app', '1'));
  usage.add(request(operationOf(['Query.me']), 'app', '1'));
  usage.add(request(users, 'app', '2'));
  usage.add(request(users));
  const taken = usage.take();
  expect(taken).toContainEqual({ coordinate: 'Query.me', client: 'app', version: '1', count: 3 });
  expect(taken).toContainEqual({ coordinate: 'User.name', client: 'app', version: '1', count: 2 });
  expect(taken).toContainEqual({ coordinate: 'User.name', client: 'app', version: '2', count: 1 });
  expect(taken).toContainEqual({ coordinate: 'User.name', client: '', version: '', count: 1 });
  expect(taken).toHaveLength(6);
});

test('counts no refused request, and none without an operation', () => {
  const usage = createFieldUsage();
  usage.add(request(users, 'app', '1', 403));
  usage.add(request(undefined, 'app', '1'));
  expect(usage.take()).toEqual([]);
});

test('gives out each count once; the sums since the start stay', () => {
  const usage = createFieldUsage();
  const counted = (count: number) => [{ coordinate: 'Query.me', client: 'app', version: '', count }];
  usage.add(request(operationOf(['Query.me']), 'app'));
  expect(usage.take()).toEqual(counted(1));
  expect(usage.take()).toEqual([]);
  usage.add(request(operationOf(['Query.me']), 'app'));
  expect(usage.take()).toEqual(counted(1));
  expect(usage.read()).toEqual(counted(2));
});

test('is bounded whatever clients call themselves: further ones of a day are other', () => {
  let now = 0;
  const usage = createFieldUsage({ now: () => now });
  for (let count = 0; count < maxClients + 50; count += 1) {
    usage.add(request(operationOf(['Query.me']), `client-${count}`));
  }
  const rows = usage.take();
  expect(rows).toHaveLength(maxClients + 1);
  expect(rows).toContainEqual({ coordinate: 'Query.me', client: 'other', version: '', count: 50 });
  now += 86_400_000;
  usage.take();
  usage.add(request(operationOf(['Query.me']), 'next-day'));
  expect(usage.take()).toEqual([{ coordinate: 'Query.me', client: 'next-day', version: '', count: 1 }]);
});

test('is bounded whatever they ask for: who asks for further fields is other, and the fields stay', () => {
  const usage = createFieldUsage({ maxKept: 3 });
  usage.add(request(operationOf(['A.a', 'A.b', 'A.c', 'A.d', 'A.e']), 'app'));
  expect(usage.take()).toEqual([
    ...['A.a', 'A.b', 'A.c'].map((coordinate) => ({ coordinate, client: 'app', version: '', count: 1 })),
    ...['A.d', 'A.e'].map((coordinate) => ({ coordinate, client: 'other', version: '', count: 1 })),
  ]);
  for (let count = 0; count < 6000; count += 1) usage.add(request(operationOf(['A.a']), 'app'));
  const sum = usage.take().reduce((total, { count }) => total + count, 0);
  expect(sum).toBe(6000);
});

test('a flood of operations hides no field that somebody else asks for', () => {
  const usage = createFieldUsage();
  for (let count = 0; count < 6000; count += 1) usage.add(request(operationOf(['Flood.field']), 'flood'));
  usage.add(request(users, 'app', '1'));
  const taken = usage.take();
  expect(taken).toContainEqual({ coordinate: 'User.name', client: 'app', version: '1', count: 1 });
  expect(taken).toContainEqual({ coordinate: 'Flood.field', client: 'flood', version: '', count: 6000 });
});

test('tells clients of the next day apart, though nobody takes what was counted', () => {
  let now = 0;
  const usage = createFieldUsage({ now: () => now });
  for (let count = 0; count < maxClients; count += 1) usage.add(request(users, `client-${count}`));
  now += 86_400_000;
  usage.add(request(users, 'next-day'));
  expect(usage.read()).toContainEqual({ coordinate: 'Query.me', client: 'next-day', version: '', count: 1 });
});
