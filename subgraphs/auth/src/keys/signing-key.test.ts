import { calculateJwkThumbprint } from 'jose';
import { describe, expect, it } from 'vitest';
import { exportPkcs8, generateSigningKey, importPkcs8 } from './signing-key.ts';

describe('a signing key', () => {
  it.each([
    ['EdDSA', { kty: 'OKP', crv: 'Ed25519' }],
    ['ES256', { kty: 'EC', crv: 'P-256' }],
    ['RS256', { kty: 'RSA' }],
  ] as const)('of %s shows its public half, named by its thumbprint', async (algorithm, form) => {
    const { publicJwk, kid } = await generateSigningKey(algorithm);
    expect(publicJwk).toMatchObject({ ...form, alg: algorithm, use: 'sig', kid });
    expect(kid).toBe(await calculateJwkThumbprint(publicJwk));
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi']) {
      expect(publicJwk).not.toHaveProperty(secret);
    }
  });

  it('comes back whole from PKCS #8', async () => {
    const key = await generateSigningKey('ES256');
    expect((await importPkcs8(exportPkcs8(key), 'ES256')).publicJwk).toEqual(key.publicJwk);
  });
});
