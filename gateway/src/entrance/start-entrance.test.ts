import { readFileSync } from 'node:fs';
import { jwksPathOf, metadataPathOf } from '@signet/schema/contract';
import { supergraphPath } from '@signet/schema/supergraph-files';
import { postGraphql, reasonsOf } from '@signet/testing';
import { Kind, parse } from 'graphql';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from './entrance.test-support.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ CORS_ORIGINS: 'https://shop.example' });
});
afterAll(() => gateway.stop());
afterEach(() => {
  gateway.takeCalls();
});

type EntranceName = 'graph' | 'user' | 'portal';
const ask = (entrance: EntranceName, query: string, token?: string) =>
  postGraphql(`${gateway.urls[entrance]}/graphql`, { query }, token ? { token } : {});

/** Names that the contract of a entrance hides, by its own text. */
function hiddenNames(entrance: EntranceName): { types: string[]; rootFields: string[] } {
  const types = parse(readFileSync(supergraphPath(entrance), 'utf8')).definitions.filter(
    (node) => node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION,
  );
  const isHidden = ({ directives = [] }: { directives?: readonly { name: { value: string } }[] }) =>
    directives.some(({ name }) => name.value === 'inaccessible');
  const query = types.find(({ name }) => name.value === 'Query');
  return {
    types: types.filter(isHidden).map(({ name }) => name.value),
    rootFields: (query?.fields ?? []).filter(isHidden).map(({ name }) => name.value),
  };
}

// First in this file: no key has been asked for yet.
describe.each([
  ['user', 'staff', 'portal'],
  ['portal', 'customer', 'user'],
] as const)('a token of the other platform at the entrance %s', (entrance, who, platform) => {
  it('is refused before any key is fetched, whatever it asks for', async () => {
    for (const query of ['{ __typename }', '{ nothing', '{ products(first: 1) { totalCount } }']) {
      const answer = await ask(entrance, query, gateway.tokens[who]);
      expect(answer.status).toBe(401);
      expect(reasonsOf(answer)).toEqual(['auth.failure.issuer_mismatch']);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    }
    expect(gateway.keyFetches[platform]).toBe(0);
    expect(gateway.takeCalls()).toEqual([]);
  });
});

describe('a client whose token has expired', () => {
  const refresh = 'mutation { refresh { accessToken } }';
  const login = 'mutation { login(input: { email: "a@b.example", password: "x" }) { accessToken } }';
  const publicFields = '{ products(first: 1) { totalCount } }';

  it.each([refresh, login, publicFields])('is told so before anything runs, also at %s', async (query) => {
    const answer = await ask('user', query, gateway.expiredToken);
    expect([answer.status, reasonsOf(answer)]).toEqual([401, ['auth.failure.expired']]);
    expect(gateway.takeCalls()).toEqual([]);
  });

  it.each([
    ['without the header', {}],
    ['with an empty one', { authorization: '' }],
  ])('refreshes, signs in and reads public fields %s', async (_title, headers) => {
    for (const query of [refresh, login, publicFields]) {
      const answer = await postGraphql(`${gateway.urls.user}/graphql`, { query }, { headers });
      expect([answer.status, answer.body.errors]).toEqual([200, undefined]);
    }
    expect(gateway.takeCalls()).not.toEqual([]);
  });

  it('has an empty header count as nobody, not as anybody', async () => {
    const headers = { authorization: '' };
    const answer = await postGraphql(
      `${gateway.urls.user}/graphql`,
      { query: '{ me { __typename } }' },
      { headers },
    );
    expect([answer.status, reasonsOf(answer)]).toEqual([401, ['auth.failure.missing_token']]);
  });
});

describe.each([
  ['user', 'customer', '{ me { email } }'],
  ['portal', 'staff', '{ portalMe { email } }'],
] as const)('the entrance %s', (entrance, who, query) => {
  const other = entrance === 'user' ? 'portal' : 'user';

  it('lets in whom it is for', async () => {
    const answer = await ask(entrance, query, gateway.tokens[who]);
    expect(answer.body.errors).toBeUndefined();
    expect(answer.status).toBe(200);
    expect((await ask('graph', query, gateway.tokens[who])).status).toBe(200);
  });

  it('does not know what is hidden: a name of the other platform is answered as any invented one', async () => {
    const { rootFields, types } = hiddenNames(entrance);
    expect(rootFields.length).toBeGreaterThan(1);
    const template = async (name: string, source: (name: string) => string) => {
      const { status, body } = await ask(entrance, source(name), gateway.tokens[who]);
      return JSON.stringify({ status, body })
        .replaceAll(`\\"${name}\\"`, 'NAME')
        .replace(/"column":\d+/g, '');
    };
    for (const [names, source] of [
      [rootFields, (name: string) => `{ ${name} }`],
      [types, (name: string) => `query ($a: ${name}) { __typename }`],
      [types, (name: string) => `{ ... on ${name} { __typename } }`],
      [types, (name: string) => `{ __type(name: "${name}") { name } }`],
    ] as const) {
      const invented = await template('zzqqxxjjkkvv', source);
      for (const name of names) {
        // Names that it does know may be near: then a suggestion of those, and of no hidden one.
        const answer = (await template(name, source)).replace(/ Did you mean [^?]*\?/g, (text) => {
          for (const hidden of [...rootFields, ...types]) expect(text).not.toContain(`\\"${hidden}\\"`);
          return '';
        });
        expect(answer).toBe(invented);
      }
    }
  });

  it('suggests nothing that is hidden', async () => {
    const { rootFields, types } = hiddenNames(entrance);
    for (const name of rootFields) {
      const text = JSON.stringify((await ask(entrance, `{ ${name}s }`, gateway.tokens[who])).body);
      expect(text).toContain('GRAPHQL_VALIDATION_FAILED');
      expect(text).not.toMatch(new RegExp(`"${name}\\\\"`));
    }
    for (const name of types) {
      const text = JSON.stringify(
        (await ask(entrance, `{ ... on ${name}s { a } }`, gateway.tokens[who])).body,
      );
      expect(text).not.toMatch(new RegExp(`"${name}\\\\"`));
    }
  });

  it('shows nothing of it on introspection', async () => {
    const { body } = await ask(
      entrance,
      '{ __schema { types { name fields { name } } directives { name } } }',
    );
    const shown: { name: string; fields: { name: string }[] | null }[] = body.data.__schema.types;
    const { types, rootFields } = hiddenNames(entrance);
    expect(shown.filter(({ name }) => types.includes(name))).toEqual([]);
    const query = shown.find(({ name }) => name === 'Query');
    expect(query?.fields?.filter(({ name }) => rootFields.includes(name))).toEqual([]);
    expect(JSON.stringify(body)).not.toMatch(/access__Platform|"platform"|"policy"|"join__/);
  });

  it('shows the keys of its own platform and no others', async () => {
    const status = async (path: string) => (await fetch(gateway.urls[entrance] + path)).status;
    expect(await status(jwksPathOf(entrance))).toBe(200);
    expect(await status(metadataPathOf(entrance))).toBe(200);
    for (const path of [
      jwksPathOf(other),
      metadataPathOf(other),
      '/.well-known/jwks.json',
      '/explorer',
      '/sandbox',
    ]) {
      expect(await status(path), path).toBe(404);
    }
    for (const path of [jwksPathOf(entrance), jwksPathOf(other), '/.well-known/jwks.json']) {
      expect((await fetch(gateway.urls.graph + path)).status).toBe(200);
    }
  });

  it('answers pages of the listed origins only', async () => {
    const allowed = async (origin: string) =>
      (
        await fetch(`${gateway.urls[entrance]}/graphql`, {
          method: 'OPTIONS',
          headers: {
            origin,
            'access-control-request-method': 'POST',
            'access-control-request-headers': 'authorization',
          },
        })
      ).headers;
    expect((await allowed('https://shop.example')).get('access-control-allow-origin')).toBe(
      'https://shop.example',
    );
    for (const origin of ['https://evil.example', 'https://shop.example.evil.example', 'null']) {
      expect((await allowed(origin)).get('access-control-allow-origin')).toBeNull();
    }
  });
});
