import type { GraphQLDataSource } from '@apollo/gateway';
import { subgraphs } from '@signet/schema/subgraphs';
import { expect, it, vi } from 'vitest';
import { reportRefusals } from './refusal-reports.ts';

const context = { session: { platform: 'none' }, signetContext: 'id="r-1"' };
const error = (reason?: string) => ({ message: 'x', ...(reason && { extensions: { reason } }) });

/** What is reported when `subgraph` answers with these errors. */
async function reportsOf(subgraph: string, errors: readonly object[] | undefined) {
  const answer = { data: { a: 1 }, ...(errors && { errors }) };
  const source = { process: async () => answer } as unknown as GraphQLDataSource;
  const reports = { add: vi.fn() };
  const reporting = reportRefusals(source, subgraph, reports);
  expect(await reporting.process({ context } as never)).toBe(answer);
  return reports.add.mock.calls.flat();
}

const withOwnAuditRows = ['auth', 'portal'];
const others = subgraphs.map(({ name }) => name).filter((name) => !withOwnAuditRows.includes(name));

it.each(others)('%s: each reason is reported once, and the answer stays as it is', async (place) => {
  const errors = [
    error('authz.permission.deny'),
    error(),
    error('authz.permission.deny'),
    error('authz.scope.deny'),
  ];
  expect(await reportsOf(place, errors)).toEqual([
    { reason: 'authz.permission.deny', place, ...context },
    { reason: 'authz.scope.deny', place, ...context },
  ]);
  expect(await reportsOf(place, undefined)).toEqual([]);
});

it.each(withOwnAuditRows)('%s: nothing is reported, since it writes its own row', async (subgraph) => {
  expect(await reportsOf(subgraph, [error('authz.scope.deny')])).toEqual([]);
});
