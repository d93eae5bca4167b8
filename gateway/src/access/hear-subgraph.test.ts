import type { GraphQLDataSource } from '@apollo/gateway';
import { expect, it, vi } from 'vitest';
import { hearSubgraph } from './refusal-reports.ts';

const context = { session: { platform: 'none' }, signetContext: 'id="r-1"' };
const error = (reason?: string) => ({ message: 'x', ...(reason && { extensions: { reason } }) });

async function hear(subgraph: string, errors: readonly object[] | undefined) {
  const answer = { data: { a: 1 }, ...(errors && { errors }) };
  const source = { process: async () => answer } as unknown as GraphQLDataSource;
  const reports = { hear: vi.fn() };
  const heard = hearSubgraph(source, subgraph, reports);
  expect(await heard.process({ context } as never)).toBe(answer);
  return reports.hear.mock.calls.flat();
}

it.each(['catalog', 'inventory', 'orders'])(
  '%s: hears each reason once, and changes nothing',
  async (place) => {
    const errors = [
      error('authz.permission.deny'),
      error(),
      error('authz.permission.deny'),
      error('authz.scope.deny'),
    ];
    expect(await hear(place, errors)).toEqual([
      { reason: 'authz.permission.deny', place, ...context },
      { reason: 'authz.scope.deny', place, ...context },
    ]);
    expect(await hear(place, undefined)).toEqual([]);
  },
);

it.each(['auth', 'portal'])('%s: hears nothing of what has its own row', async (subgraph) => {
  const heard = await hear(subgraph, [error('authz.scope.deny')]);
  expect(heard).toEqual([]);
});
