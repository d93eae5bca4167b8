import { loadConfig } from '@signet/service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { addCustomer } from '../testing/accounts.test-support.ts';
import { signInOperation, startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { auditRetentionField } from './retention-setting.ts';

describe('failed sign-ins', () => {
  let auth: TestAuth;
  beforeAll(async () => {
    auth = await startTestAuth({ AUDIT_FAILURES_PER_MINUTE: '3' });
  });
  afterAll(() => auth.stop());

  it('have a row each up to the rate, and then one with how many there were, by cause and account', async () => {
    const account = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
    const started = performance.now();
    for (let client = 0; client < 10; client++) {
      const input = { email: account.email, password: 'a wrong password' };
      await auth.ask(signInOperation('login'), { input }, { address: `192.0.2.${client}` });
    }
    // The allowance comes back at three a minute: none on a quiet machine.
    const more = Math.floor((performance.now() - started) / 20_000);
    await auth.stopServer();
    const rows = await auth.database.query(
      `select coalesce((details->>'count')::int, 1) as count, details ? 'count' as sampled, details->>'cause' as cause
       from auth.audit_event where kind = 'auth.login.failure' and subject_id = $1`,
      [account.id],
    );
    expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(10);
    expect(rows.filter(({ sampled }) => !sampled).length).toBeGreaterThanOrEqual(3);
    expect(rows.filter(({ sampled }) => !sampled).length).toBeLessThanOrEqual(3 + more);
    expect(rows.every(({ cause }) => cause === 'wrong_password')).toBe(true);
  });
});

describe('AUDIT_RETENTION_DAYS', () => {
  const read = (text?: string) =>
    loadConfig(z.object({ DAYS: auditRetentionField }), text === undefined ? {} : { DAYS: text }).DAYS;

  it('keeps what anybody can cause for half a year, and all else for ever', () => {
    expect(read()['auth.login.failure']).toBe(180);
    expect(read()).not.toHaveProperty(['authz.role.changed']);
    expect(read('none')).toEqual({});
  });

  it('has days for a kind, and for every other', () => {
    const days = { 'auth.logout': 30, 'inventory.stock.adjusted': 90, '*': 400 };
    expect(read('auth.logout=30, inventory.stock.adjusted=90, *=400')).toEqual(days);
  });

  it.each([
    ['auth.logon=90', /auth\.logon/],
    ['Stock=90', /Stock/],
    ['auth.logout=29', /from 30 to 36500/],
    ['auth.logout', /from 30/],
    ['*=1e3', /from 30/],
  ])('refuses %s', (text, fault) => {
    expect(() => read(text)).toThrow(fault);
  });
});
