import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Answer,
  assertData,
  assertThat,
  type SmokeClient,
  type SmokeContext,
} from '@signet/testing/smoke';

type Walk = Pick<SmokeContext, 'user' | 'userToken' | 'portal' | 'step'> & {
  /** A member of staff with the scope `customers:impersonate`. */
  admin: { email: string; password: string };
};
type Acting = { id: string; accessToken: string };

/** How long a revocation may take on its way, with time to ask on a busy machine. */
const revokedMs = 3000;

/** A member of staff acts as the customer of `userToken`, who sees it; what they may not, and how it ends. */
export async function walkImpersonation({ user, userToken, portal, step, admin }: Walk): Promise<void> {
  const held = { staff: '', acting: { id: '', accessToken: '' } };
  await step('staff act as a customer, by a grant that works once', async () => {
    held.staff = await signIn(portal, admin);
    const { me } = assertData(await user.query('{ me { id } }', userToken)) as { me: { id: string } };
    const input = {
      customerId: me.id,
      reasonClass: 'SUPPORT_REQUEST',
      reason: 'Smoke walk',
      ticket: 'smoke',
    };
    const { impersonateCustomer } = assertData(
      await portal.query(operations.grant, held.staff, { input }),
    ) as {
      impersonateCustomer: { grant: string };
    };
    const begin = () =>
      user.query(operations.begin, undefined, { input: { grant: impersonateCustomer.grant } });
    held.acting = assertData(await begin()).beginImpersonation as Acting;
    assertReason(await begin(), 'input.grant');
    const seen = assertData(await user.query('{ me { id } }', held.acting.accessToken)) as {
      me: { id: string };
    };
    assertThat(seen.me.id === me.id, 'the token is of another customer');
    return JSON.stringify(readAct(held.acting.accessToken));
  });
  await step('  the customer sees it among their sessions, and who acts sees no session', async () => {
    const { mySessions } = assertData(await user.query('{ mySessions { id kind reason } }', userToken)) as {
      mySessions: { id: string; kind: string; reason: string }[];
    };
    const shown = mySessions.find(({ id }) => id === held.acting.id);
    assertThat(shown?.kind === 'SUPPORT', 'mySessions does not show it');
    for (const query of ['{ mySessions { id } }', 'mutation { exportAccount { id } }']) {
      assertReason(await user.query(query, held.acting.accessToken), 'authz.caller.deny');
    }
    return JSON.stringify(shown);
  });
  await step('  it ends with the session of the member of staff', async () => {
    const startedAt = performance.now();
    assertData(await portal.query('mutation { portalLogout }', held.staff));
    for (;;) {
      const answer = await user.query('{ me { id } }', held.acting.accessToken);
      if (answer.status === 401) {
        assertReason(answer, 'auth.failure.revoked');
        return `after ${Math.round(performance.now() - startedAt)} ms`;
      }
      assertThat(performance.now() - startedAt < revokedMs, 'its token goes on being accepted');
      await sleep(20);
    }
  });
}

const operations = {
  grant: 'mutation ($input: ImpersonateCustomerInput!) { impersonateCustomer(input: $input) { grant } }',
  begin:
    'mutation ($input: BeginImpersonationInput!) { beginImpersonation(input: $input) { id accessToken } }',
};

async function signIn(client: SmokeClient, input: { email: string; password: string }): Promise<string> {
  const answer = await client.query(
    'mutation ($input: LoginInput!) { portalLogin(input: $input) { accessToken } }',
    undefined,
    { input },
  );
  return (assertData(answer).portalLogin as { accessToken: string }).accessToken;
}

function readAct(token: string): unknown {
  const { sub, act, scope } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  assertThat(typeof act?.sub === 'string' && act.sub !== sub, 'the token does not name who acts');
  return { sub, act, scope };
}

function assertReason({ errors }: Answer, reason: string): void {
  assertThat(
    errors?.[0]?.extensions?.reason === reason,
    `expected ${reason}, got ${JSON.stringify(errors ?? 'data')}`,
  );
}
