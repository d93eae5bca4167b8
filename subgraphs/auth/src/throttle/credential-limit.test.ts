import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { credentialFields } from '@signet/schema/contract';
import { readSubgraphSdl } from '@signet/schema/sdl';
import { subgraphs } from '@signet/schema/subgraphs';
import { Kind, type ObjectTypeExtensionNode, parse, print } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';

describe('credential fields', () => {
  let auth: TestAuth;
  beforeAll(async () => {
    auth = await startTestAuth();
  });
  afterAll(() => auth.stop());

  it('are limited to one in an operation, before any of them is tried', async () => {
    const input = '(input: { email: "a@example.com", password: "a wrong password" }) { expiresIn }';
    const lanes: string[] = [];
    const note = (message: unknown) => void lanes.push((message as { lane: string }).lane);
    subscribe('signet.answer', note);
    // The second time, its document is known.
    for (const _lane of ['apollo', 'fast']) {
      const { status, body } = await auth.ask(`mutation { a: login${input} b: login${input} }`);
      expect(status).toBe(400);
      expect(body).toEqual({
        errors: [
          {
            message: expect.any(String),
            extensions: { code: 'BAD_USER_INPUT', reason: 'request.limit.credentials' },
          },
        ],
      });
    }
    unsubscribe('signet.answer', note);
    expect(lanes).toEqual(['apollo', 'fast']);
    expect(auth.compares).toEqual([]);
  });

  it('come in no batch', async () => {
    const query = 'mutation { login(input: { email: "a@example.com", password: "x" }) { expiresIn } }';
    const url = `${auth.url}/graphql`;
    const body = JSON.stringify([{ query }, { query }]);
    const headers = auth.gateway.headersOf({ url, body });
    const response = await fetch(url, { method: 'POST', headers, body });
    expect(response.status).toBe(400);
    expect(auth.compares).toEqual([]);
  });

  it('are all that the schema has: what takes a password, and what gives tokens', () => {
    const found = subgraphs.flatMap(({ name }) => mutationsOf(readSubgraphSdl(name)));
    expect([...found, ...actOnMailboxes, ...takeCodes].sort()).toEqual([...credentialFields].sort());
  });
});

/** They take no secret, and each costs a stranger a mail. */
const actOnMailboxes = [
  'changeEmail',
  'changePortalEmail',
  'requestPasswordReset',
  'requestPortalPasswordReset',
];

/** They take the code of a sign-in at an identity provider, and give no token. */
const takeCodes = ['linkIdentity', 'linkPortalIdentity'];

/** Names of mutations that give tokens, or have an input of which a field is a password. */
function mutationsOf(sdl: string): string[] {
  const { definitions } = parse(sdl);
  const inputs = definitions.filter((node) => node.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION);
  const secret = inputs.filter(({ fields }) => fields?.some(({ name }) => /password/i.test(name.value)));
  const secretTypes = new Set(secret.map(({ name }) => name.value));
  const extensions = definitions.filter(
    (node): node is ObjectTypeExtensionNode =>
      node.kind === Kind.OBJECT_TYPE_EXTENSION && node.name.value === 'Mutation',
  );
  return extensions.flatMap(({ fields = [] }) =>
    fields
      .filter(
        ({ type, arguments: args = [] }) =>
          /Auth\w*Payload|PortalEnrollment|ImpersonatedToken/.test(print(type)) ||
          args.some(
            (arg) => secretTypes.has(print(arg.type).replace('!', '')) || /password/i.test(arg.name.value),
          ),
      )
      .map(({ name }) => name.value),
  );
}
