import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import {
  generatePersistedQueryIdsAtRuntime,
  generatePersistedQueryIdsFromManifest,
} from '@apollo/persisted-query-lists';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestGateway, type TestGateway } from '../entrance/entrance.test-support.ts';
import { sha256 } from './decide-document.ts';

const products = gql`
  query Products($first: Int) {
    products(first: $first) {
      ...Page
    }
  }
  fragment Page on ProductConnection {
    totalCount
  }
`;
const unlisted = gql`
  query Unlisted {
    products {
      totalCount
    }
  }
`;
const logout = gql`
  mutation Logout {
    logout
  }
`;
/** Of `Products` and `Logout`, as generate-persisted-query-manifest 1.4.0 wrote it. */
const manifest = {
  format: 'apollo-persisted-query-manifest',
  version: 1,
  operations: [
    {
      id: 'd33294c28ffdaff741dcadc2dba75b4013cdc29cd5f9e8f61d3ac85d57868a04',
      name: 'Logout',
      type: 'mutation',
      body: 'mutation Logout {\n  logout\n}',
    },
    {
      id: '384df7e3e3599b8593a1e0598c1ad40d857741842eaaf7f3ae1626a739156a66',
      name: 'Products',
      type: 'query',
      body: 'query Products($first: Int) {\n  products(first: $first) {\n    ...Page\n    __typename\n  }\n}\n\nfragment Page on ProductConnection {\n  totalCount\n  __typename\n}',
    },
  ],
};

const folder = mkdtempSync(join(tmpdir(), 'documents-'));
let gateway: TestGateway;
beforeAll(async () => {
  writeFileSync(join(folder, 'web.json'), JSON.stringify(manifest));
  gateway = await startTestGateway({
    USER_TRUSTED_DOCUMENTS: 'enforce',
    USER_TRUSTED_DOCUMENTS_FILES: folder,
  });
});
afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true });
});

describe('Apollo Client, where trusted documents are enforced', () => {
  const loadManifest = async () => manifest;
  const byManifest = new PersistedQueryLink(generatePersistedQueryIdsFromManifest({ loadManifest }));
  const atRunTime = new PersistedQueryLink(generatePersistedQueryIdsAtRuntime({ sha256 }));

  test.each([
    ['an id of the manifest', byManifest],
    ['an id made at run time', atRunTime],
  ])('runs what is listed by %s, without its text', async (_title, link) => {
    const { client, sent } = createClient('user', link);
    const { data } = await client.query({ query: products, variables: { first: 2 } });
    expect(data).toMatchObject({ products: { totalCount: 1 } });
    await client.mutate({ mutation: logout, context: signedIn() });
    expect(sent).toEqual(['POST without text', 'POST without text']);
  });

  test('runs what is listed by its text, from a client that knows no ids', async () => {
    const { client, sent } = createClient('user');
    const { data } = await client.query({ query: products, variables: { first: 2 } });
    expect(data).toMatchObject({ products: { totalCount: 1 } });
    expect(sent).toEqual(['POST with text']);
  });

  test('gets one answer, and does not try again with the text', async () => {
    const { client, sent } = createClient('user', atRunTime);
    await expect(client.query({ query: unlisted })).rejects.toThrow();
    expect(sent).toEqual(['POST without text']);
  });
});

describe('Apollo Client with automatic persisted queries', () => {
  test('sends the text once, then the hash alone', async () => {
    const { client, sent } = createClient('portal', new PersistedQueryLink({ sha256 }));
    for (let i = 0; i < 3; i += 1) {
      const { data } = await client.query({ query: unlisted, context: signedIn('staff') });
      expect(data).toMatchObject({ products: { totalCount: 1 } });
    }
    expect(sent).toEqual(['POST without text', 'POST with text', 'POST without text', 'POST without text']);
  });

  test('sends queries by GET, where it is configured to', async () => {
    const link = new PersistedQueryLink({ sha256, useGETForHashedQueries: true });
    const { client, sent } = createClient('graph', link);
    for (let i = 0; i < 2; i += 1) {
      const { data } = await client.query({ query: products, variables: { first: i } });
      expect(data).toMatchObject({ products: { totalCount: 1 } });
    }
    expect(sent).toEqual(['GET without text', 'POST with text', 'GET without text']);
  });
});

function createClient(entrance: keyof TestGateway['urls'], link?: PersistedQueryLink) {
  const sent: string[] = [];
  const http = new HttpLink({
    uri: `${gateway.urls[entrance]}/graphql`,
    fetch: (url, options = {}) => {
      const isGet = options.method === 'GET';
      const text = isGet
        ? new URL(String(url)).searchParams.get('query')
        : JSON.parse(String(options.body)).query;
      sent.push(`${options.method} ${text ? 'with' : 'without'} text`);
      return fetch(url, options);
    },
  });
  const client = new ApolloClient({
    link: link ? link.concat(http) : http,
    cache: new InMemoryCache(),
    defaultOptions: { query: { fetchPolicy: 'network-only' } },
  });
  return { client, sent };
}

function signedIn(who: 'customer' | 'staff' = 'customer') {
  return { headers: { authorization: `Bearer ${gateway.tokens[who]}` } };
}
