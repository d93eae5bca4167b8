import { setTimeout as sleep } from 'node:timers/promises';
import { type FaultyPath, openFaultyPath } from '@signet/testing';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { addCustomer, type TestAccount } from './testing/accounts.test-support.ts';
import { signInOperation, startTestAuth, type TestAuth } from './testing/auth.test-support.ts';

let path: FaultyPath;
let auth: TestAuth;
let account: TestAccount;
beforeAll(async () => {
  path = await openFaultyPath(inject('testCluster').adminUrl);
  auth = await startTestAuth((database) => ({
    USER_DATABASE_URL: path.urlOf(database.urlOf('signet_auth_user')),
    PORTAL_DATABASE_URL: path.urlOf(database.urlOf('signet_auth_portal')),
  }));
  account = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
});
afterAll(async () => {
  await auth.stop();
  await path.close();
});

async function timeSignIn() {
  const startedAt = performance.now();
  const { body } = await auth.ask(signInOperation('login'), {
    input: { email: account.email, password: account.password },
  });
  return { body, ms: performance.now() - startedAt };
}

it('repro', async () => {
  await timeSignIn();
  path.fault = 'swallow';
  await sleep(8000);
  path.fault = 'none';
  for (let n = 0; n < 30; n++) {
    const { body, ms } = await Promise.race([timeSignIn(), sleep(15000, { body: 'no answer', ms: 15000 })]);
    console.log(n, Math.round(ms), JSON.stringify(body).slice(0, 120));
    await sleep(1000);
    if (n > 8 && ms < 1000) break;
  }
}, 600_000);
