import { createDatabase, inTenant } from '@signet/db';
import { reasonsOf } from '@signet/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCustomer, type TestAccount } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth, type Tokens } from '../testing/auth.test-support.ts';
import {
  bothPlatforms,
  endReasons,
  sessionOperations,
  trySignIn,
} from '../testing/session-operations.test-support.ts';

// What staff do in the portal's process reaches auth through the database alone.
const attempts = 50;
let auth: TestAuth;
let portal: ReturnType<typeof createDatabase>;
beforeAll(async () => {
  auth = await startTestAuth();
  portal = createDatabase(auth.database.urlOf('signet_portal'));
});
afterAll(async () => {
  await portal.destroy();
  await auth.stop();
});

const { endOthers, endOne, list, refresh } = sessionOperations(() => auth, bothPlatforms[0]);
const call = (name: string, { id }: TestAccount) =>
  inTenant(portal, auth.tenants.demo, (trx) => sql`select ${sql.raw(`auth.${name}`)}(${id})`.execute(trx));
const suspend = (account: TestAccount) => call('suspend_customer', account);
const signIn = (account: TestAccount) => trySignIn(auth, 'login', account);
const endsOf = ({ id }: TestAccount) => endReasons(auth, 'user', id);
async function addSignedIn(): Promise<[TestAccount, Tokens]> {
  const account = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
  return [account, await auth.signIn('login', account)];
}
/** Waits a little, another while each time, so that the two meet at every step. */
const pause = (attempt: number) => new Promise((resolve) => setTimeout(resolve, attempt % 12));

describe('suspension', () => {
  it('leaves no session alive, whichever of it and a sign-in comes first', async () => {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const account = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
      const [tokens] = await Promise.all([signIn(account), pause(attempt).then(() => suspend(account))]);
      expect(await endsOf(account)).toEqual(tokens ? ['suspended'] : []);
    }
  });

  it('leaves no session alive, whichever of it and a refresh comes first', async () => {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const [account, { refreshToken }] = await addSignedIn();
      const [answer] = await Promise.all([
        refresh(refreshToken),
        pause(attempt).then(() => suspend(account)),
      ]);
      expect(await endsOf(account)).toEqual(['suspended']);
      const successor = answer.body.data?.refresh.refreshToken ?? refreshToken;
      expect(reasonsOf(await refresh(successor))).toEqual(['auth.failure.revoked']);
    }
  });

  it('refuses what is asked with a token that has not expired', async () => {
    const [account, { accessToken }] = await addSignedIn();
    await suspend(account);
    expect(reasonsOf(await endOthers(accessToken))).toEqual(['auth.failure.revoked']);
    const { body } = await list(accessToken);
    expect(body.data?.mySessions ?? []).toEqual([]);
  });

  it('is over after reinstating: a sign-in opens a session again, the old ones stay ended', async () => {
    const [account, { refreshToken }] = await addSignedIn();
    await suspend(account);
    await call('reinstate_customer', account);
    expect(reasonsOf(await refresh(refreshToken))).toEqual(['auth.failure.revoked']);
    expect(await signIn(account)).toBeDefined();
    expect(await endsOf(account)).toEqual(['suspended', null]);
  });
});

describe('the end of all sessions', () => {
  it('meets a refresh and an end by the customer: nothing waits in a circle, nothing lives on', async () => {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const [account, first] = await addSignedIn();
      const second = await auth.signIn('login', account);
      const [{ id }] = (await list(second.accessToken)).body.data.mySessions;
      await Promise.all([
        pause(attempt).then(() => call('end_customer_sessions', account)),
        refresh(first.refreshToken),
        endOne(id, first.accessToken),
        endOthers(second.accessToken),
      ]);
      expect(await endsOf(account)).not.toContain(null);
    }
  });
});
