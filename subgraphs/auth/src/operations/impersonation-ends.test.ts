import { createDatabase, type Database, inTenant, requestScopes, writeAuditEvent } from '@signet/db';
import { reasonsOf, shortestOfThree } from '@signet/testing';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountOperations } from '../testing/account-operations.test-support.ts';
import type { TestAccount } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth, type Tokens } from '../testing/auth.test-support.ts';
import {
  type Acting,
  createTestImpersonations,
  type Member,
  type TestImpersonations,
  withRevocations,
} from '../testing/impersonations.test-support.ts';

// A token must not be accepted for longer than a second after what ends it. Each ending measures.
const withinMs = 1000;
let auth: TestAuth;
let test: TestImpersonations;
let admin: Member;
beforeAll(async () => {
  auth = await startTestAuth(withRevocations);
  test = createTestImpersonations(auth);
  admin = await test.addMember('super_admin');
});
afterAll(async () => {
  await test?.close();
  await auth.stop();
});

type Scene = { member: Member; customer: TestAccount & Tokens; acting: Acting };
const ask = async (query: string, token: string, variables: Record<string, unknown> = {}) => {
  const answer = await auth.ask(query, variables, { token });
  if (reasonsOf(answer).length > 0) throw new Error(`${query}: ${JSON.stringify(answer.body.errors)}`);
  return answer;
};
const onId = (field: string, selection = '') => `mutation ($id: ID!) { ${field}(id: $id) ${selection} }`;
const deactivate = ({ member }: Scene) =>
  ask(onId('deactivateStaff', '{ id }'), admin.accessToken, { id: member.id });
const changeRole = ({ member }: Scene) =>
  ask('mutation ($id: ID!) { changeStaffRole(id: $id, role: support) { id } }', admin.accessToken, {
    id: member.id,
  });
const signOut = ({ member }: Scene) => ask('mutation { portalLogout }', member.accessToken);
const object = ({ customer, acting }: Scene) =>
  ask(onId('objectToImpersonation'), customer.accessToken, { id: acting.id });
const suspend = ({ customer }: Scene) => test.asPortal(sql`select auth.suspend_customer(${customer.id})`);
const endByStaff = ({ acting }: Scene) =>
  test.asPortal(sql`select auth.end_impersonations(${admin.id}, ${admin.sessionId}, ${acting.id}, null)`);

/** Uses the first refresh token after its successor was used. */
async function reuseRefreshToken({ member }: Scene): Promise<void> {
  const refresh = (refreshToken: string) =>
    auth.ask('mutation ($input: RefreshInput) { portalRefresh(input: $input) { refreshToken } }', {
      input: { refreshToken },
    });
  // Within a minute of an exchange, the same successor is given again.
  const letTimePass = () =>
    auth.database.query(
      `update auth.portal_refresh_token set used_at = used_at - interval '2 minutes' where session_id = $1`,
      [member.sessionId],
    );
  const second = (await refresh(member.refreshToken)).body.data.portalRefresh.refreshToken;
  await letTimePass();
  const third = (await refresh(second)).body.data.portalRefresh.refreshToken;
  expect(third).not.toBe(second);
  expect(reasonsOf(await refresh(member.refreshToken))).toEqual(['auth.failure.revoked']);
}

const endings: [title: string, reason: string, end: (scene: Scene) => Promise<unknown>][] = [
  ['the member of staff signs out', 'staff_logout', signOut],
  [
    'the member of staff ends the session from another one',
    'staff_ended',
    async ({ member }) => {
      const { accessToken } = await auth.signIn('portalLogin', member);
      await ask(onId('endPortalSession'), accessToken, { id: member.sessionId });
    },
  ],
  ['a refresh token of the member of staff comes back', 'staff_reuse', reuseRefreshToken],
  [
    'the member of staff changes the password elsewhere',
    'staff_password',
    async ({ member }) => {
      const { accessToken } = await auth.signIn('portalLogin', member);
      await ask(
        `mutation ($input: ChangePasswordInput!) { changePortalPassword(input: $input) { endedSessions } }`,
        accessToken,
        { input: { currentPassword: member.password, newPassword: 'seven blue pears in a boat' } },
      );
    },
  ],
  ['the member of staff is deactivated', 'staff_suspended', deactivate],
  ['the member of staff gets a role without the scope', 'staff_role', changeRole],
  ['staff end it', 'ended', endByStaff],
  [
    'staff end all sessions of the customer',
    'ended',
    ({ customer }) =>
      test.asPortal(
        sql`select auth.end_impersonations(${admin.id}, ${admin.sessionId}, null, ${customer.id})`,
      ),
  ],
  [
    'who acts signs out with its token',
    'logout',
    ({ acting }) => ask('mutation { logout }', acting.accessToken),
  ],
  ['the customer objects', 'objection', object],
  [
    'the customer ends it among their sessions',
    'customer',
    ({ customer, acting }) => ask(onId('endSession'), customer.accessToken, { id: acting.id }),
  ],
  [
    'the customer ends all other sessions',
    'customer',
    async ({ customer }) => {
      const { body } = await ask('mutation { endOtherSessions }', customer.accessToken);
      expect(body.data.endOtherSessions, 'it counts').toBe(1);
    },
  ],
  [
    'the customer changes the password',
    'password',
    ({ customer }) =>
      ask(
        `mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { endedSessions } }`,
        customer.accessToken,
        { input: { currentPassword: customer.password, newPassword: 'seven blue pears in a boat' } },
      ),
  ],
  [
    'another address is confirmed by the link of a mail, in no session',
    'mail',
    async ({ customer }) => {
      const { changeEmail, confirmEmail, tokenTo } = accountOperations(() => auth, 'user');
      const newEmail = `new-${customer.email}`;
      await changeEmail({ newEmail }, { token: customer.accessToken });
      const token = await tokenTo(newEmail, 'email-change');
      await confirmEmail({ token, password: customer.password });
    },
  ],
  [
    'staff reset the second factors of the customer',
    'factor',
    async ({ customer, acting }) => {
      await auth.database.query(
        `insert into auth.user_factor_reset (tenant_id, account_id, staff_id, reason) values ($1, $2, $3, 'Lost.')`,
        [auth.tenants.demo, customer.id, admin.id],
      );
      await expect.poll(() => test.endOf(acting.id), { timeout: 20_000 }).toBe('factor');
    },
  ],
  ['the customer is suspended', 'suspended', suspend],
  [
    'the account of the customer is closed to be erased',
    'suspended',
    async ({ customer }) => {
      await auth.database.query(
        `insert into auth.person_request (tenant_id, account_id, kind, state, due_at) values ($1, $2, 'erase', 'scheduled', now() - interval '1 minute')`,
        [auth.tenants.demo, customer.id],
      );
      const user = createDatabase(auth.database.urlOf('signet_auth_user'), { maxConnections: 1 });
      try {
        await inTenant(user, auth.tenants.demo, (trx) =>
          sql`select auth.close_user(${customer.id})`.execute(trx),
        );
      } finally {
        await user.destroy();
      }
    },
  ],
];

async function openScene(): Promise<Scene> {
  const [member, customer] = await Promise.all([test.addMember(), test.addCustomer()]);
  return { member, customer, acting: await test.act(member, customer) };
}

describe('an impersonation', () => {
  it.each(endings)('ends within a second when %s', async (_title, reason, end) => {
    let scene!: Scene;
    const ms = await shortestOfThree(withinMs, async () => {
      scene = await openScene();
      expect(reasonsOf(await test.me(scene.acting.accessToken))).toEqual([]);
      await end(scene);
      return test.timeUntilRevoked(scene.acting.accessToken);
    });
    expect(ms).toBeLessThan(withinMs);
    const { acting, customer, member } = scene;
    expect(await test.endOf(acting.id)).toBe(reason);
    const ended = (await test.events(acting.id)).filter(({ kind }) => kind === 'auth.impersonation.ended');
    const byStaff =
      reason.startsWith('staff_') || reason === 'logout'
        ? member.id
        : ['ended', 'factor'].includes(reason)
          ? admin.id
          : null;
    const byCustomer = ['customer', 'objection'].includes(reason) ? customer.id : null;
    expect(ended).toMatchObject([
      { platform: 'user', subject_id: customer.id, actor_id: byStaff ?? byCustomer, details: { reason } },
    ]);
    expect(ended[0]?.details.act ?? null).toBe(byStaff);
  });

  it('goes on when another session of the member of staff ends, and leaves the sessions of the customer alone', async () => {
    const { member, customer, acting } = await openScene();
    const { accessToken } = await auth.signIn('portalLogin', member);
    await ask('mutation { portalLogout }', accessToken);
    const bystander = await openScene();
    await object(bystander);
    await test.timeUntilRevoked(bystander.acting.accessToken);
    expect(reasonsOf(await test.me(acting.accessToken))).toEqual([]);
    await signOut({ member, customer, acting });
    await test.timeUntilRevoked(acting.accessToken);
    expect(reasonsOf(await test.me(customer.accessToken))).toEqual([]);
  });

  it('is not ended by staff without a live session, nor by an id of another tenant', async () => {
    const scene = await openScene();
    const end = (sessionId: string) =>
      test.asPortal(sql`select auth.end_impersonations(${admin.id}, ${sessionId}, ${scene.acting.id}, null)`);
    await expect(end(scene.member.sessionId)).rejects.toMatchObject({ code: '28000' });
    await end(admin.sessionId);
    await test.timeUntilRevoked(scene.acting.accessToken);
  });
});

describe('a beginning', () => {
  const attempts = 25;
  const ends: [string, (scene: Omit<Scene, 'acting'>, earlier: Acting) => Promise<unknown>][] = [
    ['the sign-out of the member of staff', (scene, acting) => signOut({ ...scene, acting })],
    ['the deactivation of the member of staff', (scene, acting) => deactivate({ ...scene, acting })],
    ['the change of their role', (scene, acting) => changeRole({ ...scene, acting })],
    ['the objection of the customer', (scene, acting) => object({ ...scene, acting })],
    ['the suspension of the customer', (scene, acting) => suspend({ ...scene, acting })],
  ];
  it.each(ends)('at once with %s leaves no token that lives', async (_title, end) => {
    const begun: string[] = [];
    for (let attempt = 0; attempt < attempts; attempt++) {
      const { member, customer, acting } = await openScene();
      const text = await test.grant(member, customer);
      const pause = new Promise((resolve) => setTimeout(resolve, attempt % 8));
      const [answer] = await Promise.all([
        test.begin(text),
        pause.then(() => end({ member, customer }, acting)),
      ]);
      const other = answer.body.data?.beginImpersonation as Acting | null | undefined;
      if (!other) expect(reasonsOf(answer)).toEqual(['input.grant']);
      for (const { id, accessToken } of [acting, ...(other ? [other] : [])]) {
        // By what happened, not by the check of all that live, which comes later.
        expect(await test.endOf(id), `attempt ${attempt}`).not.toBeNull();
        await test.timeUntilRevoked(accessToken);
      }
      if (other) begun.push(other.accessToken);
    }
    expect(begun.length, 'both orders were met').toBeGreaterThan(0);
  });
});

describe('row policies of a request in which staff act as a customer', () => {
  /** As the customers' auth process, for a request of this actor. */
  async function asActor<T>(actor: string | undefined, fn: (db: Kysely<Database>) => Promise<T>): Promise<T> {
    const db: Kysely<Database> = createDatabase(auth.database.urlOf('signet_auth_user'), {
      maxConnections: 1,
    });
    try {
      return await requestScopes.inRequest({ caller: 'address test' }, () => {
        requestScopes.identifyCaller('test', actor);
        return fn(db);
      });
    } finally {
      await db.destroy();
    }
  }

  it('know who acts in every transaction of a request with such a token, and of no other', async () => {
    const { customer, acting } = await openScene();
    const transactionsOf = async (token: string) => {
      const before = auth.statements.length;
      expect(reasonsOf(await test.me(token))).toEqual([]);
      return auth.statements
        .slice(before)
        .filter((statement) => statement.includes(`set_config('app.tenant'`));
    };
    const [own, theirs] = [
      await transactionsOf(customer.accessToken),
      await transactionsOf(acting.accessToken),
    ];
    expect(own.length).toBeGreaterThan(0);
    expect(own.filter((statement) => statement.includes(`'app.actor'`))).toEqual([]);
    expect(theirs.length).toBeGreaterThan(0);
    expect(theirs.filter((statement) => !statement.includes(`'app.actor'`))).toEqual([]);
  });

  it('and the audit log name who acts where a rule refuses such a token', async () => {
    const { member, customer, acting } = await openScene();
    expect(reasonsOf(await auth.ask('{ mySessions { id } }', {}, { token: acting.accessToken }))).toEqual([
      'authz.caller.deny',
    ]);
    await expect
      .poll(
        () =>
          auth.database.query(
            `select actor_id, subject_id, details ->> 'reason' as reason, details ->> 'caller' as caller, details ->> 'act' as act
             from auth.audit_event where session_id = $1 and kind = 'authz.refused'`,
            [acting.id],
          ),
        { timeout: 10_000 },
      )
      .toEqual([
        {
          actor_id: member.id,
          subject_id: customer.id,
          reason: 'authz.caller.deny',
          caller: 'impersonated',
          act: member.id,
        },
      ]);
  });

  it('show no session, and let nothing of the account be changed', async () => {
    const { member, customer } = await openScene();
    const look = (actor: string | undefined) =>
      asActor(actor, (db) =>
        inTenant(db, auth.tenants.demo, async (trx) => {
          const seen = await sql`select id from auth.user_session where user_id = ${customer.id}`.execute(
            trx,
          );
          const changed = await sql`
            update auth.user set email_verified = true where id = ${customer.id} returning id`.execute(trx);
          const account = await sql`select id from auth.user where id = ${customer.id}`.execute(trx);
          return [seen.rows.length, changed.rows.length, account.rows.length];
        }),
      );
    expect(await look(undefined)).toEqual([1, 1, 1]);
    expect(await look(member.id)).toEqual([0, 0, 1]);
  });

  it('let no session be made', async () => {
    const { member, customer } = await openScene();
    const insert = (actor: string | undefined) =>
      asActor(actor, (db) =>
        inTenant(db, auth.tenants.demo, (trx) =>
          sql`insert into auth.user_session (tenant_id, user_id, password_version, auth_time, amr, device, created_at, last_used_at, expires_at)
            values (${auth.tenants.demo}, ${customer.id}, 1, now(), '{pwd}', '', now(), now(), now() + interval '1 hour')`.execute(
            trx,
          ),
        ),
      );
    await insert(undefined);
    await expect(insert(member.id)).rejects.toMatchObject({ code: '42501' });
  });

  it('the audit log says that the member of staff did it to the customer, whatever the process writes', async () => {
    const { member, customer } = await openScene();
    await asActor(member.id, (db) =>
      inTenant(db, auth.tenants.demo, (trx) =>
        writeAuditEvent(trx, {
          kind: 'auth.device.ended',
          platform: 'user',
          tenantId: auth.tenants.demo,
          actorId: customer.id,
          details: { act: customer.id },
        }),
      ),
    );
    expect(
      await auth.database.query(
        `select actor_id, subject_id, details from auth.audit_event where subject_id = $1 and kind = 'auth.device.ended'`,
        [customer.id],
      ),
    ).toEqual([
      { actor_id: member.id, subject_id: customer.id, details: { caller: 'impersonated', act: member.id } },
    ]);
  });
});
