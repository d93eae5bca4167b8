import { describe, expect, test } from 'vitest';
import { aMessage, keyringOf, refusalOf, withHeaders } from './proof.test-support.ts';
import type { ProofMessage, SignedMessage } from './proof.ts';
import { createProofIdentity } from './proof-identity.ts';
import { createProofSet } from './proof-set.ts';

const now = 1_767_225_600_000;
const set = createProofSet();
const identityOf = (name: string, { of = set, at = now } = {}) => {
  const keys = of.keyFiles[name];
  if (!keys) throw new Error(`No keys of ${name}`);
  return createProofIdentity({ name, keys, peers: of.peers, now: () => at });
};
const gateway = identityOf('gateway-user');
const portal = identityOf('portal');

const sign = (message: ProofMessage = aMessage, recipient = 'portal', signer = gateway) =>
  withHeaders(message, signer.signer.sign(recipient, message));
const signed = sign();

const without = (name: keyof SignedMessage['headers']) => withHeaders(signed, { [name]: undefined });
const replaced = (name: keyof SignedMessage['headers'], change: (value: string) => string) =>
  withHeaders(signed, { [name]: change(signed.headers[name] ?? '') });

test('accepts what the signer made, and says who sent it', () => {
  expect(portal.verifier.verify(signed)).toEqual({
    sender: { name: 'gateway-user', role: 'gateway', entrance: 'user' },
    nonce: expect.stringMatching(/^[\w-]{22}$/),
    created: now / 1000,
    expiresAt: new Date(now + 30_000),
  });
});

test('signs anew at each call', () => {
  const nonces = new Set(Array.from({ length: 100 }, () => portal.verifier.verify(sign()).nonce));
  expect(nonces.size).toBe(100);
});

test('takes a body as bytes for the same as its text', () => {
  expect(portal.verifier.verify({ ...signed, body: Buffer.from(aMessage.body) }).sender.name).toBe(
    'gateway-user',
  );
});

test('takes an empty query and a lone question mark for the same, as RFC 9421, section 2.2.7', () => {
  const { query, ...message } = sign({ ...aMessage, query: '' });
  expect(query).toBe('');
  expect(portal.verifier.verify({ ...message, query: '?' }).sender.name).toBe('gateway-user');
});

describe('refuses, without a word of why to the sender,', () => {
  test.each<[string, () => SignedMessage, string]>([
    ['Signature alone', () => without('signature-input'), 'but not both'],
    ['Signature-Input alone', () => without('signature'), 'but not both'],
    ['another path', () => ({ ...signed, path: '/other' }), 'does not fit the message'],
    ['a path that is none', () => ({ ...signed, path: 'http://portal/graphql' }), 'the path does not begin'],
    ['another query', () => ({ ...signed, query: '?trace=2' }), 'does not fit the message'],
    ['a query in the path', () => ({ ...signed, path: '/graphql?trace=1', query: '' }), 'holds what a path'],
    ['another method', () => ({ ...signed, method: 'PUT' }), 'does not fit the message'],
    ['a method in small letters', () => ({ ...signed, method: 'post' }), 'capital letters'],
    ['another body', () => ({ ...signed, body: `${aMessage.body} ` }), 'not that of the body'],
    ['another digest', () => replaced('content-digest', () => 'sha-256=:AA=:'), 'does not fit the message'],
    ['no digest', () => without('content-digest'), 'content-digest is missing'],
    ['another token', () => replaced('authorization', (value) => `${value}x`), 'does not fit the message'],
    ['no token where one was', () => without('authorization'), 'does not cover'],
    [
      'another context',
      () => replaced('signet-context', (value) => value.replace('demo', 'acme')),
      'does not fit',
    ],
    ['no context', () => without('signet-context'), 'signet-context is missing'],
    ['another cookie', () => replaced('cookie', (value) => `${value}x`), 'does not fit the message'],
    ['no cookie where one was', () => without('cookie'), 'does not cover'],
    ['another content type', () => replaced('content-type', () => 'text/plain'), 'does not fit the message'],
    [
      'a line break in a header',
      () => replaced('cookie', (value) => `${value}\n"x": y`),
      'no header may hold',
    ],
    [
      'another label',
      () => replaced('signature-input', (value) => value.replace('signet', 'sig1')),
      'another label',
    ],
    [
      'the label twice in Signature-Input',
      () => replaced('signature-input', (value) => `${value}, ${value}`),
      'the parameters in Signature-Input',
    ],
    [
      'the label twice in Signature',
      () => replaced('signature', (value) => `${value}, ${value}`),
      'Signature is not',
    ],
    [
      'the MAC in another spelling',
      () => replaced('signature', (value) => value.replace(/.=:$/, (end) => `${nextLetter(end)}=:`)),
      'Signature is not',
    ],
    [
      'the MAC without padding',
      () => replaced('signature', (value) => value.replace('=:', ':')),
      'Signature is not',
    ],
    [
      'a MAC of 16 bytes',
      () => replaced('signature', () => `signet=:${'A'.repeat(22)}==:`),
      'Signature is not',
    ],
    [
      'a component more',
      () => replaced('signature-input', (value) => value.replace('"cookie")', '"cookie" "host")')),
      'does not cover',
    ],
    [
      'components in another order',
      () => replaced('signature-input', (value) => value.replace('"@method" "@path"', '"@path" "@method"')),
      'does not cover',
    ],
    [
      'a component less',
      () => replaced('signature-input', (value) => value.replace(' "cookie"', '')),
      'does not cover',
    ],
    [
      'another algorithm',
      () => replaced('signature-input', (value) => value.replace('256"', '512"')),
      'the parameters',
    ],
    [
      'another tag',
      () => replaced('signature-input', (value) => value.replace('proof/1', 'proof/2')),
      'the parameters',
    ],
    [
      'another nonce',
      () =>
        replaced('signature-input', (value) => value.replace(/nonce="[\w-]{22}/, `nonce="${'A'.repeat(22)}`)),
      'does not fit the message',
    ],
    [
      'another time',
      () => replaced('signature-input', (value) => value.replace('created=1767225600', 'created=1767225601')),
      'does not fit the message',
    ],
    [
      'a key id of nobody',
      () =>
        replaced('signature-input', (value) => value.replace(/keyid="[\w-]{43}/, `keyid="${'A'.repeat(43)}`)),
      'keyid is of nobody known for portal',
    ],
    [
      'a huge Signature-Input',
      () => replaced('signature-input', (value) => value + 'x'.repeat(1e6)),
      'the parameters',
    ],
    ['a huge Signature', () => replaced('signature', (value) => value + 'x'.repeat(1e6)), 'Signature is not'],
  ])('%s', (_title, alter, detail) => {
    const refusal = refusalOf(() => portal.verifier.verify(alter()));
    expect(refusal).toEqual({
      reason: 'auth.failure.proof_invalid',
      detail: expect.stringContaining(detail),
      text: 'The proof of the sender is invalid.',
    });
  });

  test('a message without any signature, by a reason of its own', () => {
    expect(refusalOf(() => portal.verifier.verify(aMessage)).reason).toBe('auth.failure.proof_missing');
  });

  test.each([
    ['30 s late', 30_000],
    ['31 s early', -31_000],
    ['30.5 s early', -30_500],
  ])('a message that comes %s', (_title, offset) => {
    const { detail } = refusalOf(() => identityOf('portal', { at: now + offset }).verifier.verify(signed));
    expect(detail).toMatch(/30 are allowed either way/);
  });

  test('a message as late as its nonce is kept, and not a moment before', () => {
    const { expiresAt } = portal.verifier.verify(signed);
    const verifyAt = (at: number) => identityOf('portal', { at }).verifier.verify(signed);
    expect(verifyAt(expiresAt.getTime() - 1).created).toBe(now / 1000);
    expect(() => verifyAt(expiresAt.getTime())).toThrow();
    expect(verifyAt(now - 30_000).created).toBe(now / 1000);
  });
});

describe('keeps apart who may sign for whom:', () => {
  test('what is signed for one subgraph is worth nothing at another', () => {
    const { detail } = refusalOf(() => identityOf('auth').verifier.verify(signed));
    expect(detail).toMatch(/keyid is of gateway-user for portal/);
  });

  test.each(['graph', 'user', 'portal'])('an entrance proves itself as %s, and as no other', (entrance) => {
    const signer = identityOf(`gateway-${entrance}`);
    for (const claimed of ['graph', 'user', 'portal', '', 'GRAPH']) {
      const message = withHeaders(aMessage, { 'signet-context': `id="1", entrance="${claimed}"` });
      const verify = () => portal.verifier.verify(sign(message, 'portal', signer));
      if (claimed === entrance) {
        expect(verify().sender.entrance).toBe(entrance);
      } else {
        expect(refusalOf(verify).detail).toMatch(
          `gateway-${entrance} says that it is the entrance '${claimed}'`,
        );
      }
    }
  });

  test.each(['id="1"', 'entrance="user"', 'not a dictionary"', ''])(
    'a context %j proves no entrance',
    (context) => {
      const message = withHeaders(aMessage, { 'signet-context': context });
      expect(refusalOf(() => portal.verifier.verify(sign(message))).detail).toMatch(
        /says that it is the entrance/,
      );
    },
  );

  test('a subgraph has no key to sign with', () => {
    for (const recipient of ['auth', 'portal', 'gateway-user']) {
      expect(() => portal.signer.sign(recipient, aMessage)).toThrow(/no key to sign for/);
    }
  });

  test('an entrance signs for subgraphs only, and accepts from nobody', () => {
    for (const recipient of ['gateway-graph', 'gateway-user', 'nobody', '__proto__']) {
      expect(() => gateway.signer.sign(recipient, aMessage)).toThrow(/no key to sign for/);
    }
    expect(refusalOf(() => gateway.verifier.verify(signed)).detail).toMatch(/there is no key for it here/);
  });

  test('no key is derived that nobody may use', () => {
    expect(keyringOf('portal', set).outgoing.size).toBe(0);
    expect(keyringOf('gateway-user', set).incoming.size).toBe(0);
    const recipients = [...keyringOf('gateway-user', set).outgoing.keys()];
    expect(recipients.filter((name) => name.startsWith('gateway'))).toEqual([]);
    const senders = [...keyringOf('portal', set).incoming.values()].map(({ sender }) => sender.name);
    expect(senders).toEqual(['gateway-graph', 'gateway-user', 'gateway-portal']);
  });

  test('a subgraph that calls itself a gateway in its own peers.json convinces nobody', () => {
    const forged = structuredClone(set);
    const own = forged.peers.peers.auth;
    if (own) Object.assign(own, { role: 'gateway', entrance: 'user' });
    const { detail } = refusalOf(() =>
      portal.verifier.verify(sign(aMessage, 'portal', identityOf('auth', { of: forged }))),
    );
    expect(detail).toMatch(/keyid is of auth for portal/);
  });

  test('keys of another deployment convince nobody', () => {
    const stranger = identityOf('gateway-user', { of: createProofSet() });
    const { detail } = refusalOf(() => portal.verifier.verify(sign(aMessage, 'portal', stranger)));
    expect(detail).toMatch(/nobody known for nobody known/);
  });
});

describe('signs nothing that can not be verified:', () => {
  test.each<[string, Partial<ProofMessage>]>([
    ['a path that is none', { path: 'graphql' }],
    ['a query in the path', { path: '/graphql?a' }],
    ['a query without its mark', { query: 'a=b' }],
    ['a line break in the path', { path: '/graphql\n' }],
    ['no content type', { headers: { ...aMessage.headers, 'content-type': undefined } }],
    ['no context', { headers: { ...aMessage.headers, 'signet-context': undefined } }],
    ['a line break in a header', { headers: { ...aMessage.headers, cookie: 'a\r\nb' } }],
  ])('%s', (_title, change) => {
    expect(() => gateway.signer.sign('portal', { ...aMessage, ...change })).toThrow(TypeError);
  });
});

/** One letter further in base64: the same 32 bytes, since the last letter carries two bits too many. */
function nextLetter(end: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  return letters[letters.indexOf(end[0] ?? '') + 1] ?? '';
}
