import { expect, test } from 'vitest';
import { aMessage, withHeaders } from './proof.test-support.ts';
import type { ProofHeaders, ProofMessage, SignedMessage } from './proof.ts';
import { createProofIdentity } from './proof-identity.ts';
import { createProofSet, proofMembers } from './proof-set.ts';

const set = createProofSet(proofMembers.filter(({ name }) => ['gateway-user', 'portal'].includes(name)));
const identityOf = (name: 'gateway-user' | 'portal') =>
  createProofIdentity({
    name,
    keys: set.keyFiles[name] ?? { name, keys: [] },
    peers: set.peers,
    now: () => 1_767_225_600_000,
  });
const { verifier } = identityOf('portal');
const signed = withHeaders(aMessage, identityOf('gateway-user').signer.sign('portal', aMessage));

const accepts = (message: SignedMessage) => {
  try {
    return Boolean(verifier.verify(message));
  } catch {
    return false;
  }
};

/** Each bit of each byte turned over, each byte taken out, and one put in before each. */
function* alter(text: string): Generator<string> {
  for (let index = 0; index < text.length; index++) {
    const [head, tail, code] = [text.slice(0, index), text.slice(index + 1), text.charCodeAt(index)];
    for (let bit = 0; bit < 8; bit++) {
      yield head + String.fromCharCode(code ^ (1 << bit)) + tail;
    }
    yield head + tail;
    for (const added of ['A', ' ', ';', '"']) {
      yield head + added + text.slice(index);
    }
  }
}

type Part = keyof ProofHeaders | keyof ProofMessage['headers'] | 'method' | 'path' | 'query' | 'body';
const parts: { part: Part; text: string; put: (text: string) => SignedMessage }[] = [
  ...(['method', 'path', 'query', 'body'] as const).map((part) => ({
    part,
    text: String(signed[part]),
    put: (text: string) => ({ ...signed, [part]: text }),
  })),
  ...(Object.keys(signed.headers) as (keyof SignedMessage['headers'])[]).map((part) => ({
    part,
    text: signed.headers[part] ?? '',
    put: (text: string) => withHeaders(signed, { [part]: text }),
  })),
];

test('the message as it is would be accepted', () => {
  expect(accepts(signed)).toBe(true);
  expect(parts).toHaveLength(11);
});

/**
 * Whitespace at either end of a header's value is no part of it (RFC 9110, section 5.5); no HTTP parser hands it on. Of
 * the message itself that is all: none of the three headers of the signature has a second spelling.
 */
test.each(parts)('no alteration of a byte of $part is accepted', ({ part, text, put }) => {
  const isHeader = part in signed.headers;
  const accepted = [...alter(text)].filter((altered) => altered !== text && accepts(put(altered)));
  const isSame = (altered: string) => isHeader && altered.trim() === text && !(part in signatureHeaders);
  expect(accepted.filter((altered) => !isSame(altered))).toEqual([]);
});

const signatureHeaders = { 'content-digest': '', 'signature-input': '', signature: '' };
