import { expect, it } from 'vitest';
import { createActingLog } from './acting-log.ts';
import { anonymousSession, type UserSession } from './session.ts';

const customer: UserSession = {
  platform: 'user',
  userId: 'customer',
  issuer: 'https://example.com/user',
  sessionId: 'impersonation',
  tokenId: 'token',
  tenantId: 'tenant',
  email: 'customer@example.com',
  emailVerified: true,
  scopes: new Set(),
  authTime: undefined,
  expiresAt: 0,
  amr: [],
  acr: undefined,
};

it('names who acts as whom once a minute, without an address, and says nothing of others', () => {
  const lines: object[] = [];
  const log = createActingLog({ info: (fields: object) => void lines.push(fields) } as never);
  log.add(anonymousSession, '1');
  log.add(customer, '2');
  for (const id of ['3', '4']) log.add({ ...customer, actor: { staffId: 'staff' } }, id);
  expect(lines).toEqual([
    { act: 'staff', customer: 'customer', impersonation: 'impersonation', requestId: '3', requests: 1 },
  ]);
});
