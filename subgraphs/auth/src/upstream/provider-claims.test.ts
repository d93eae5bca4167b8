import { describe, expect, it } from 'vitest';
import { joinClaims, readPerson } from './provider-claims.ts';
import type { Provider } from './providers-file.ts';

const provider = {
  name: 'idp',
  issuer: 'https://id.example',
  clientId: 'signet',
  domains: 'any',
  secondFactor: { acr: ['strong'], amr: ['hwk'] },
  stepUp: true,
} as unknown as Provider;

const read = (idToken: Record<string, unknown>, userinfo?: Record<string, unknown>) =>
  readPerson(provider, joinClaims({ sub: 'ada', ...idToken }, userinfo && { sub: 'ada', ...userinfo }));

describe('an address', () => {
  it('is verified by the one that says it', () => {
    expect(read({ email: 'a@example.com', email_verified: true })).toMatchObject({ isEmailProven: true });
    expect(read({}, { email: 'a@example.com', email_verified: true })).toMatchObject({
      email: 'a@example.com',
      isEmailProven: true,
    });
    // Each half by another: nobody has said that this address is verified.
    expect(read({ email: 'a@example.com' }, { email_verified: true })).toMatchObject({
      email: 'a@example.com',
      isEmailProven: false,
    });
    expect(read({ email: 'a@example.com' }, { email: 'b@example.com', email_verified: true })).toMatchObject({
      email: 'a@example.com',
      isEmailProven: false,
    });
    expect(read({ email_verified: true }, { email: 'b@example.com' })).toMatchObject({
      email: 'b@example.com',
      isEmailProven: false,
    });
  });
});

describe('UserInfo', () => {
  it('gives what the ID token lacks of a person, and nothing about the sign-in', () => {
    const now = 1_790_000_000;
    const person = read(
      {},
      { name: 'Ada L.', acr: 'strong', amr: ['hwk'], auth_time: now, sid: 'session', azp: 'somebody' },
    );
    expect(person).toMatchObject({ subject: 'ada', fullName: 'Ada L.', hasFactor: false });
    expect([person.authTime, person.sid]).toEqual([undefined, undefined]);
    expect(read({ acr: 'strong', auth_time: now }, { acr: 'weak', auth_time: 1 })).toMatchObject({
      hasFactor: true,
      authTime: now,
    });
    expect(read({ name: 'Ada' }, { name: 'Somebody' }).fullName).toBe('Ada');
  });
});
