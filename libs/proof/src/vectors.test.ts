import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
} from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type AcceptedVector, keyringOf, receive, refusalOf, vectors } from './proof.test-support.ts';
import type { ProofMessage } from './proof.ts';
import { createProofIdentity } from './proof-identity.ts';
import { createSigner } from './proof-signer.ts';
import { readSignedMessage } from './proof-verifier.ts';

const { keyFiles, peersFile, accepted, refused } = vectors;
const headerOf = ({ request }: AcceptedVector, name: string) =>
  request.headers.find(([known]) => known === name)?.[1] ?? '';
const keyIdOf = (vector: AcceptedVector) =>
  /keyid="([^"]+)"/.exec(headerOf(vector, 'signature-input'))?.[1] ?? '';

function verify({ to, request, receivedAt }: Pick<AcceptedVector, 'to' | 'request' | 'receivedAt'>) {
  const keys = keyFiles[to];
  if (!keys) throw new Error(`No keys of ${to}`);
  const { verifier } = createProofIdentity({
    name: to,
    keys,
    peers: peersFile,
    now: () => receivedAt * 1000,
  });
  return verifier.verify(readSignedMessage(receive(request), Buffer.from(request.body)));
}

describe('the vectors in docs/proof-vectors.json', () => {
  test('are as many as docs/proof.md says, and one of them stands there', () => {
    const page = readFileSync(new URL('../../../docs/proof.md', import.meta.url), 'utf8');
    expect(page).toContain(
      `${accepted.length} messages to accept, step by step, and ${refused.length}\nto refuse`,
    );
    const shown = accepted.find(({ name }) => name === 'a query string and a cookie');
    expect(page).toContain(`\`\`\`\n${shown?.steps.signatureBase}\n\`\`\``);
  });

  test.each(accepted)('accepts: $name', (vector) => {
    const { sender, nonce, created } = vector.expect;
    expect(verify(vector)).toMatchObject({
      sender: { name: sender, role: 'gateway', entrance: vector.expect.entrance },
      nonce,
      created,
      expiresAt: new Date((created + 30) * 1000),
    });
  });

  test.each(refused)('refuses: $name', (vector) => {
    expect(refusalOf(() => verify(vector)).reason).toBe(vector.reason);
  });

  test.each(accepted)('signs the same: $name', (vector) => {
    const {
      signature,
      'signature-input': input,
      'content-digest': digest,
      ...headers
    } = Object.fromEntries(vector.request.headers) as Record<string, string>;
    const [path = '', ...query] = vector.request.target.split(/(?=\?)/);
    const message: ProofMessage = {
      method: vector.request.method,
      path,
      query: query.join(''),
      headers,
      body: vector.request.body,
    };
    const keyring = keyringOf(vector.from, inOrderOf(keyIdOf(vector)));
    const signer = createSigner({
      keyring: () => keyring,
      now: () => vector.expect.created * 1000 + 999,
      createNonce: () => vector.expect.nonce,
    });
    expect(signer.sign(vector.to, message)).toEqual({
      'content-digest': digest,
      'signature-input': input,
      signature,
    });
  });
});

/** The set with the keys of this key id first on either side, as a switch would have put them. */
function inOrderOf(keyId: string) {
  const isUsed = ({ x }: { x: string }) => keyId.includes(thumbprint(x));
  const sort = <T extends { keys: { x: string }[] }>(holder: T): T => ({
    ...holder,
    keys: [...holder.keys].sort((a, b) => Number(isUsed(b)) - Number(isUsed(a))),
  });
  const sortAll = <T extends { keys: { x: string }[] }>(holders: Record<string, T>) =>
    Object.fromEntries(Object.entries(holders).map(([name, holder]) => [name, sort(holder)]));
  return { keyFiles: sortAll(keyFiles), peers: { peers: sortAll(peersFile.peers) } };
}

const thumbprint = (x: string) =>
  createHash('sha256').update(`{"crv":"X25519","kty":"OKP","x":"${x}"}`).digest('base64url');

/** None of our own code: the steps of docs/proof.md, with node:crypto alone. */
describe('the steps of docs/proof.md, followed by hand', () => {
  test.each(accepted)('lead to the same: $name', (vector) => {
    const [fromKey, toKey] = keyIdOf(vector).split('.');
    const sender = peersFile.peers[vector.from]?.keys.find(({ x }) => thumbprint(x) === fromKey);
    const own = keyFiles[vector.to]?.keys.find(({ x }) => thumbprint(x) === toKey);
    if (!sender || !own) throw new Error('The key id names no keys.');

    const secret = diffieHellman({
      privateKey: createPrivateKey({ key: own, format: 'jwk' }),
      publicKey: createPublicKey({ key: sender, format: 'jwk' }),
    });
    expect(secret.toString('hex')).toBe(vector.steps.sharedSecret);
    const salt = Buffer.concat([Buffer.from(sender.x, 'base64url'), Buffer.from(own.x, 'base64url')]);
    const info = `signet-proof/1|${vector.from}|${vector.to}`;
    const macKey = Buffer.from(hkdfSync('sha256', secret, salt, info, 32));
    expect(macKey.toString('hex')).toBe(vector.steps.macKey);

    const [path, query] = vector.request.target.split('?');
    const digest = createHash('sha256').update(vector.request.body).digest('base64');
    const lines = [
      `"@method": ${vector.request.method}`,
      `"@path": ${path}`,
      `"@query": ?${query ?? ''}`,
      `"content-type": ${headerOf(vector, 'content-type')}`,
      `"content-digest": sha-256=:${digest}:`,
      `"signet-context": ${headerOf(vector, 'signet-context')}`,
      ...['authorization', 'cookie']
        .filter((name) => headerOf(vector, name))
        .map((name) => `"${name}": ${headerOf(vector, name)}`),
      `"@signature-params": ${headerOf(vector, 'signature-input').slice('signet='.length)}`,
    ];
    expect(lines.join('\n')).toBe(vector.steps.signatureBase);
    const mac = createHmac('sha256', macKey).update(lines.join('\n')).digest('base64');
    expect(headerOf(vector, 'signature')).toBe(`signet=:${mac}:`);
  });

  test('begin at the shared secret of RFC 7748, section 6.1', () => {
    expect(accepted[0]?.steps.sharedSecret).toBe(
      '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
    );
  });
});
