import { randomUUID } from 'node:crypto';
import { postGraphql, reasonsOf } from '@signet/testing';
import { generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestGateway, type TestGateway } from './entrance.test-support.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway?.stop());

const entrances = ['graph', 'user', 'portal'] as const;
const ask = async (entrance: (typeof entrances)[number], query: string, token: string) => {
  const answer = await postGraphql(`${gateway.urls[entrance]}/graphql`, { query }, { token });
  return { status: answer.status, reasons: reasonsOf(answer), data: answer.body.data };
};

/** Every kind of token, with the entrances that admit it. */
const admitted = {
  customer: ['graph', 'user'],
  staff: ['graph', 'portal'],
  job: ['graph', 'user'],
  portalJob: ['graph', 'portal'],
  acted: ['graph', 'user'],
} as const;
const kinds = Object.keys(admitted) as (keyof typeof admitted)[];

test.each(entrances)(
  'the entrance %s admits the tokens of its platforms, of every kind, and no other text',
  async (entrance) => {
    for (const kind of kinds) {
      const { status, reasons } = await ask(entrance, '{ __typename }', gateway.tokens[kind]);
      const expected = (admitted[kind] as readonly string[]).includes(entrance)
        ? [200, []]
        : [401, ['auth.failure.issuer_mismatch']];
      expect([kind, status, reasons]).toEqual([kind, ...expected]);
    }
    for (const [kind, text] of Object.entries(await otherSecrets())) {
      const { status, reasons } = await ask(entrance, '{ __typename }', text);
      expect([kind, status]).toEqual([kind, 401]);
      expect(reasons[0]).toMatch(/^auth\.failure\.(malformed|issuer_mismatch|wrong_type|unknown_key)$/);
    }
    expect(gateway.takeCalls()).toEqual([]);
  },
);

/** What somebody may hold beside an access token, by its form. */
async function otherSecrets(): Promise<Record<string, string>> {
  const { privateKey } = await generateKeyPair('EdDSA');
  const { iss, aud } = claimsOf(gateway.tokens.customer);
  const sign = (typ: string | undefined, claims: object) =>
    new SignJWT({ iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 300, ...claims })
      .setProtectedHeader({ alg: 'EdDSA', kid: 'other', ...(typ && { typ }) })
      .sign(privateKey);
  const id = randomUUID();
  return {
    'refresh token, mail token, challenge, invitation, grant, code or state': 'x'.repeat(43),
    'recovery code': 'abcd-efgh-ijkl',
    'device token': `${'x'.repeat(22)}.1.abc.${'x'.repeat(43)}`,
    'ID token of a provider': await sign('JWT', { iss: 'https://id.example', sub: 'ada', aud: 'signet' }),
    'access token of a provider': await sign('at+jwt', { iss: 'https://id.example', sub: 'ada', aud }),
    'ID token in our name': await sign('JWT', { iss, sub: id, aud: 'signet' }),
    'logout token': await sign('logout+jwt', { iss: 'https://id.example', aud: 'signet', events: {} }),
    'client assertion': await sign('JWT', { iss: id, sub: id, aud: iss, jti: randomUUID() }),
    'client assertion of RFC 7523bis': await sign('client-authentication+jwt', {
      iss: id,
      sub: id,
      aud: iss,
    }),
  };
}

function claimsOf(token: string): { iss: string; aud: string } {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}

/** Whom each field admits. */
const fields: [query: string, admits: readonly (keyof typeof admitted)[]][] = [
  ['{ me { id } }', ['customer', 'acted']],
  ['{ customers { edges { node { id } } } }', ['staff', 'portalJob']],
  ['{ products { totalCount } }', kinds],
  ['{ mySessions { id } }', ['customer']],
  ['{ portalMe { id } }', ['staff']],
  ['mutation { exportAccount { id } }', ['customer']],
  [
    'mutation { changePassword(input: { currentPassword: "a", newPassword: "b" }) { endedSessions } }',
    ['customer'],
  ],
];

test.each(fields)('%s is sent for %j, in both lanes, and for nobody else', async (query, admits) => {
  for (const kind of kinds) {
    // From the second time on, an operation takes the fast lane.
    for (let time = 0; time < 3; time += 1) {
      const { status, reasons, data } = await ask('graph', query, gateway.tokens[kind]);
      const sent = gateway.takeCalls().length;
      if (admits.includes(kind)) {
        expect([kind, status, reasons, data === undefined, sent > 0]).toEqual([kind, 200, [], false, true]);
      } else {
        expect([kind, status, data, sent]).toEqual([kind, 403, undefined, 0]);
        expect(reasons.filter((reason) => !/^authz\.(caller|platform)\.deny$/.test(reason))).toEqual([]);
        expect(reasons).not.toEqual([]);
      }
    }
  }
});

test('refusals of services and of staff as a customer are reported with what they are', async () => {
  await ask('graph', '{ mySessions { id } }', gateway.tokens.job);
  await ask('graph', '{ mySessions { id } }', gateway.tokens.acted);
  await expect
    .poll(() => gateway.reports.flatMap(({ refusals }) => refusals), { timeout: 10_000 })
    .toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          reason: 'authz.caller.deny',
          caller: 'service',
        }),
        expect.objectContaining({
          reason: 'authz.caller.deny',
          caller: 'impersonated',
          act: expect.stringMatching(/^[\da-f-]{36}$/),
        }),
      ]),
    );
});
