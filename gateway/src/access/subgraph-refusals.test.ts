import { subgraphs } from '@signet/schema/subgraphs';
import { expect, it, vi } from 'vitest';
import { createErrorReport } from './refusal-reports.ts';

const context = { session: { platform: 'none' }, signetContext: 'id="r-1"' };
const error = (reason?: string) => ({ message: 'x', ...(reason && { extensions: { reason } }) });

/** What is reported when `subgraph` answers with these errors. */
function reportsOf(subgraph: string, errors: readonly object[]) {
  const reports = { add: vi.fn() };
  createErrorReport(subgraph, reports)?.(errors, context as never);
  return reports.add.mock.calls.flat();
}

const withOwnAuditRows = ['auth', 'portal'];
const others = subgraphs.map(({ name }) => name).filter((name) => !withOwnAuditRows.includes(name));

it.each(others)('%s: each reason is reported once, whatever else stands in an error', (place) => {
  const errors = [
    error('authz.permission.deny'),
    error(),
    { extensions: null },
    { extensions: 'authz.scope.deny' },
    { extensions: { reason: 1 } },
    error('authz.permission.deny'),
    error('authz.scope.deny'),
  ];
  expect(reportsOf(place, errors)).toEqual([
    { reason: 'authz.permission.deny', place, ...context },
    { reason: 'authz.scope.deny', place, ...context },
  ]);
});

it.each(withOwnAuditRows)('%s: nothing is reported, since it writes its own row', (subgraph) => {
  expect(reportsOf(subgraph, [error('authz.scope.deny')])).toEqual([]);
});
