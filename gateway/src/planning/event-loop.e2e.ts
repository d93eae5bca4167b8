import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { shortestOfThree } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../entrance/entrance.test-support.ts';
import { measureLongestBlock } from './event-loop.test-support.ts';
import { type HostileRequest, hostileRequests } from './hostile-documents.test-support.ts';

const allowedMs = 100;
const raised = String(10 ** 8);
/** Limits that refuse nothing before validation, so that validation and planning themselves are seen. */
const noLimits = Object.fromEntries(
  [
    'CHARACTERS',
    'TOKENS',
    'NESTING',
    'OPERATIONS',
    'FRAGMENTS',
    'DIRECTIVES',
    'DIRECTIVES_PER_FIELD',
    'DEPTH',
    'FIELDS',
    'ROOT_FIELDS',
    'ALIASES',
    'LIST_SIZE',
    'INPUT_DEPTH',
    'INPUT_VALUES',
    'INTROSPECTION',
    'COST',
  ].map((name) => [`LIMIT_${name}`, raised]),
);
const subgraphUrls = ['AUTH_USER_URL', 'AUTH_PORTAL_URL', 'PORTAL_URL'];

/** Answers before it has read: what subgraphs do with an operation is not measured here. */
const nothing = createServer((req, res) => {
  req.resume();
  res.setHeader('content-type', 'application/json').end('{"data":null}');
});
let gateway: TestGateway;

beforeAll(async () => {
  nothing.listen(0, '127.0.0.1');
  await once(nothing, 'listening');
  const url = `http://127.0.0.1:${(nothing.address() as AddressInfo).port}/graphql`;
  gateway = await startTestGateway({
    ...noLimits,
    ...Object.fromEntries(subgraphUrls.map((name) => [name, url])),
  });
});
afterAll(async () => {
  await gateway.stop();
  nothing.closeAllConnections();
  nothing.close();
});

const send = async ({ who = 'staff', ...request }: HostileRequest) => {
  const response = await fetch(`${gateway.urls.graph}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${gateway.tokens[who]}` },
    body: JSON.stringify(request),
  });
  return { status: response.status, text: await response.text() };
};

describe('no request keeps the event loop from others for 100 ms, limits or no limits', () => {
  it.each(Object.entries(hostileRequests))('%s', async (_, make) => {
    let turn = 0;
    // The collector of garbage may take its turn in one.
    const shortest = await shortestOfThree(allowedMs, async () => {
      const request = make(`x${turn}`);
      turn += 1;
      const block = await measureLongestBlock(async () => {
        const { status, text } = await send(request);
        // It came as far as validation, or this would measure nothing.
        expect(status).not.toBe(413);
        expect(text).not.toMatch(/GRAPHQL_PARSE_FAILED|request\.limit/);
      });
      return block.cpuMs;
    });
    expect(shortest).toBeLessThan(allowedMs);
  });
});
