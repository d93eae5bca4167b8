import { postGraphql } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../entrance/entrance.test-support.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.stop());

async function ask(query: string, variables: Record<string, unknown> = {}, token?: string) {
  const url = `${gateway.urls.user}/graphql`;
  const { status, body } = await postGraphql(url, { query, variables }, token ? { token } : {});
  return { status, text: JSON.stringify(body), ...body };
}

const product = { edges: [{ node: { id: expect.any(String) } }] };

describe('an operation that asks for the schema and for data', () => {
  it('gets both, in the order in which it asks', async () => {
    const query = `query ($name: String!) {
      first: __typename
      __type(name: $name) { kind }
      products(first: 1) { edges { node { id } } }
      ...Schema
      last: products(first: 1) { edges { node { id } } }
    }
    fragment Schema on Query { ... on Query { schema: __schema { queryType { ...Name } } } }
    fragment Name on __Type { name }`;
    for (const name of ['Product', 'Money', 'Nothing']) {
      const { status, data } = await ask(query, { name });
      expect([status, Object.keys(data)]).toEqual([200, ['first', '__type', 'products', 'schema', 'last']]);
      expect(data).toEqual({
        first: 'Query',
        __type: name === 'Nothing' ? null : { kind: 'OBJECT' },
        products: product,
        schema: { queryType: { name: 'Query' } },
        last: product,
      });
    }
  });

  it('gets what @skip and @include leave', async () => {
    const query = `query ($schema: Boolean!, $data: Boolean!) {
      __schema @include(if: $schema) { queryType { name } }
      products(first: 1) @include(if: $data) { edges { node { id } } }
      ... @skip(if: $schema) { __type(name: "Product") { name } }
    }`;
    const keysFor = async (schema: boolean, data: boolean) =>
      Object.keys((await ask(query, { schema, data })).data);
    expect(await keysFor(true, true)).toEqual(['__schema', 'products']);
    expect(await keysFor(true, false)).toEqual(['__schema']);
    expect(await keysFor(false, true)).toEqual(['products', '__type']);
    expect(await keysFor(false, false)).toEqual(['__type']);
  });

  it('gets names that mean something to JavaScript as any other', async () => {
    const { text } = await ask(
      '{ __proto__: __schema { queryType { name } } constructor: products(first: 1) { edges { __typename } } }',
    );
    expect(text).toBe(
      '{"data":{"__proto__":{"queryType":{"name":"Query"}},"constructor":{"edges":[{"__typename":"ProductEdge"}]}}}',
    );
  });

  it('is refused as without the schema, where its data or variables are', async () => {
    const refused = await ask('{ __schema { queryType { name } } me { id } }');
    expect([refused.status, refused.errors?.[0]?.path]).toEqual([401, ['me']]);
    const faulty = await ask(
      'query ($name: String!) { __type(name: $name) { name } products { edges { cursor } } }',
    );
    expect([faulty.status, faulty.errors?.[0]?.extensions.reason]).toEqual([400, 'input.name']);
  });
});

it('shows no one the schema beside data where it is hidden', async () => {
  const hidden = await startTestGateway({ INTROSPECTION: 'no' });
  const query = '{ products(first: 1) { edges { cursor } } ... { __schema { queryType { name } } } }';
  const { status, body } = await postGraphql(`${hidden.urls.user}/graphql`, { query });
  expect([status, body.errors?.[0]?.extensions.code]).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
  expect(hidden.takeCalls()).toEqual([]);
  await hidden.stop();
});
