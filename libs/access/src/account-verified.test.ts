import type { Session } from '@signet/session';
import { expect, it } from 'vitest';
import { customerPolicies } from './policies.ts';
import { anonymousSession, portalSession, userSession } from './sessions.test-support.ts';

const callers: [who: string, session: Session, verdict: boolean][] = [
  ['a verified customer', { ...userSession(), emailVerified: true }, true],
  ['verified staff', { ...portalSession(), emailVerified: true }, true],
  [
    'one whom nobody asks to verify',
    { ...userSession(), emailVerified: false, verification: 'waived' },
    true,
  ],
  ['an unverified customer', { ...userSession(), emailVerified: false }, false],
  ['nobody', anonymousSession, false],
];

it.each(callers)('account.verified of %s', (_who, session, verdict) => {
  expect(customerPolicies['account.verified']({ session })).toBe(verdict);
});
