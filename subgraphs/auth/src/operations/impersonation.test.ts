import { reasonsOf } from '@signet/testing';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TestAccount } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth, type Tokens } from '../testing/auth.test-support.ts';
import {
  createTestImpersonations,
  type Member,
  type TestImpersonations,
  withRevocations,
} from '../testing/impersonations.test-support.ts';
import { readMails } from '../testing/mails.test-support.ts';

let auth: TestAuth;
let test: TestImpersonations;
let member: Member;
let customer: TestAccount & Tokens;
beforeAll(async () => {
  auth = await startTestAuth(withRevocations);
  test = createTestImpersonations(auth);
  member = await test.addMember();
});
afterAll(async () => {
  await test?.close();
  await auth.stop();
});
beforeEach(async () => {
  customer = await test.addCustomer();
  // Each test is another hour of the member's.
  await auth.database.query(
    `update auth.user_impersonation set created_at = created_at - interval '2 hours'`,
  );
});

const sessionsQuery = '{ mySessions { id kind reason device address createdAt expiresAt current } }';
const mySessions = async (token: string) =>
  (await auth.ask(sessionsQuery, {}, { token })).body.data.mySessions as { id: string; kind: string }[];

describe('beginImpersonation', () => {
  it('gives a token of the customer that names who acts, for a quarter of an hour, and says nothing of a sign-in', async () => {
    const { id, accessToken, expiresIn, scopes } = await test.act(member, customer);
    const claims = decodeJwt(accessToken);
    expect(claims).toEqual({
      iss: 'http://localhost:4000/user',
      aud: 'signet:user',
      platform: 'user',
      sub: customer.id,
      act: { sub: member.id, iss: 'http://localhost:4000/portal' },
      sid: id,
      jti: expect.any(String),
      iat: expect.any(Number),
      exp: (claims.iat ?? 0) + 900,
      email: customer.email,
      email_verified: false,
      tenant: auth.tenants.demo,
      scope: scopes.join(' '),
    });
    expect(expiresIn).toBe(900);
    expect(scopes.length).toBeGreaterThan(0);
    expect(scopes.filter((scope) => !scope.endsWith(':read'))).toEqual([]);
    expect((await test.me(accessToken)).body).toEqual({ data: { me: { id: customer.id } } });
  });

  it('tells the customer: by a mail without a name, and among their sessions', async () => {
    const { id } = await test.act(member, customer, 'INVESTIGATION');
    const [mail, ...others] = await readMails(auth, 'user', customer.email);
    expect(others).toEqual([]);
    expect(mail).toMatchObject({
      template: 'impersonation',
      accountId: customer.id,
      values: { reason: 'impersonation_INVESTIGATION', link: 'https://shop.example/app/account' },
    });
    const [own, acting] = await mySessions(customer.accessToken);
    expect(own).toMatchObject({ kind: 'SIGN_IN', reason: null, current: true });
    expect(acting).toEqual({
      id,
      kind: 'SUPPORT',
      reason: 'INVESTIGATION',
      device: '',
      address: null,
      createdAt: expect.any(String),
      expiresAt: expect.any(String),
      current: false,
    });
    expect(JSON.stringify([mail, acting])).not.toMatch(new RegExp(`${member.id}|${member.email}|Called|T-1`));
  });

  it('is written down as what the member of staff did to the customer', async () => {
    const { id } = await test.act(member, customer);
    expect(await test.events(id)).toEqual([
      {
        kind: 'auth.impersonation.begun',
        platform: 'user',
        actor_id: member.id,
        subject_id: customer.id,
        details: { class: 'SUPPORT_REQUEST', act: member.id },
      },
    ]);
  });

  it('of two hundred exchanges of one grant at once, one succeeds', async () => {
    const text = await test.grant(member, customer);
    const answers = await Promise.all(Array.from({ length: 200 }, () => test.begin(text)));
    expect(answers.filter(({ body }) => body.data?.beginImpersonation)).toHaveLength(1);
    expect(new Set(answers.flatMap(reasonsOf))).toEqual(new Set(['input.grant']));
    expect(await readMails(auth, 'user', customer.email)).toHaveLength(1);
  });

  const setGrants = (change: string) =>
    auth.database.query(`update auth.user_impersonation set ${change} where account_id = $1`, [customer.id]);
  const spoils: [string, () => Promise<unknown>][] = [
    ['a minute old', () => setGrants(`grant_expires_at = now() - interval '1 second'`)],
    ['taken back', () => setGrants(`ended_at = now(), end_reason = 'ended'`)],
    [
      'of a suspended customer',
      () => auth.database.query('update auth.user set is_active = false where id = $1', [customer.id]),
    ],
    [
      'of a customer whose suspension no trigger saw',
      () =>
        auth.database.query(
          `begin; set local session_replication_role = replica;
           update auth.user set is_active = false where id = '${customer.id}'; commit`,
        ),
    ],
  ];
  it.each(spoils)('refuses a grant that is %s', async (_title, spoil) => {
    const text = await test.grant(member, customer);
    await spoil();
    expect(reasonsOf(await test.begin(text))).toEqual(['input.grant']);
    expect(await readMails(auth, 'user', customer.email)).toEqual([]);
  });

  const leaving: [string, (leaver: Member) => Promise<unknown>][] = [
    ['signed out', (leaver) => auth.ask('mutation { portalLogout }', {}, { token: leaver.accessToken })],
    [
      'was deactivated',
      ({ id }) => auth.database.query('update auth.portal_user set is_active = false where id = $1', [id]),
    ],
    [
      'lost the scope with the role, though the session lives',
      ({ id }) => auth.database.query(`update auth.portal_user set role = 'support' where id = $1`, [id]),
    ],
    [
      'changed the password elsewhere',
      ({ id }) =>
        auth.database.query(
          'update auth.portal_user set password_version = password_version + 1 where id = $1',
          [id],
        ),
    ],
  ];
  it.each(leaving)('refuses the grant of a member of staff who %s', async (_title, leave) => {
    const leaver = await test.addMember();
    const text = await test.grant(leaver, customer);
    await leave(leaver);
    expect(reasonsOf(await test.begin(text))).toEqual(['input.grant']);
  });

  it('refuses what is no grant, one that was used, and one of another tenant', async () => {
    const text = await test.grant(member, customer);
    for (const wrong of ['', 'x', 'A'.repeat(43), `${text} `, text.toLowerCase(), 'A'.repeat(20_000)]) {
      expect(reasonsOf(await test.begin(wrong)), wrong.slice(0, 50)).toEqual(['input.grant']);
    }
    expect(reasonsOf(await test.begin(text, { tenant: 'globex' }))).toEqual(['input.grant']);
    expect(reasonsOf(await test.begin(text))).toEqual([]);
    expect(reasonsOf(await test.begin(text))).toEqual(['input.grant']);
  });

  it('is refused with any token: nobody acts as somebody while being another, and there is no chain', async () => {
    const { accessToken } = await test.act(member, customer);
    const text = await test.grant(member, customer);
    for (const token of [accessToken, customer.accessToken, member.accessToken]) {
      expect(reasonsOf(await test.begin(text, { token }))).toEqual(['authz.caller.deny']);
    }
    expect(reasonsOf(await test.begin(text)), 'the grant was not used up').toEqual([]);
  });
});

describe('who acts as a customer', () => {
  const own = [
    '{ mySessions { id } }',
    '{ myDevices { id } }',
    '{ myFactors { recoveryCodesLeft } }',
    '{ myPasskeys { id } }',
    '{ accountExports { id } }',
    '{ accountDeletion { at } }',
    'mutation { endOtherSessions }',
    'mutation { exportAccount { id } }',
    'mutation { deleteAccount { at } }',
    'mutation { beginTotp { uri } }',
    'mutation { requestEmailVerification }',
    'mutation { objectToImpersonation(id: "0199c2f4-7a10-7000-8000-000000000001") }',
    'mutation { changePassword(input: { currentPassword: "six green apples on a roof", newPassword: "seven blue pears in a boat" }) { endedSessions } }',
    'mutation { changeEmail(input: { newEmail: "mine@example.com" }) }',
    'mutation { reauthenticate(input: { password: "six green apples on a roof" }) { accessToken } }',
  ];
  it.each(own)('gets nothing of %s', async (query) => {
    const { accessToken: token } = await test.act(member, customer);
    const answer = await auth.ask(query, {}, { token });
    expect(reasonsOf(answer)).toEqual(['authz.caller.deny']);
  });

  it.each([
    ['a sign-in', `mutation { login(input: { email: "x@example.com", password: "x" }) { accessToken } }`],
    ['a refresh', 'mutation { refresh(input: { refreshToken: "x" }) { accessToken } }'],
    [
      'a registration',
      `mutation { register(input: { email: "x@example.com", password: "x" }) { __typename } }`,
    ],
    [
      'a link of a mail',
      `mutation { resetPassword(input: { token: "x", newPassword: "x" }) { endedSessions } }`,
    ],
    ['a passkey', 'mutation { beginPasskeySignIn }'],
  ])('brings no such token to %s', async (_title, query) => {
    const { accessToken: token } = await test.act(member, customer);
    expect(reasonsOf(await auth.ask(query, {}, { token }))).toEqual(['input.session']);
  });
});

describe('objectToImpersonation', () => {
  const object = (id: string, token: string) =>
    auth.ask('mutation ($id: ID!) { objectToImpersonation(id: $id) }', { id }, { token });

  it('ends every impersonation and grant of the customer, keeps new ones off for a day, and is written down once', async () => {
    const first = await test.act(member, customer);
    const second = await test.act(member, customer);
    const open = await test.grant(member, customer);
    for (const _ of [1, 2]) {
      expect((await object(first.id, customer.accessToken)).body).toEqual({
        data: { objectToImpersonation: true },
      });
    }
    for (const { id, accessToken } of [first, second]) {
      await test.timeUntilRevoked(accessToken);
      expect(await test.endOf(id)).toBe('objection');
    }
    expect(reasonsOf(await test.begin(open))).toEqual(['input.grant']);
    await expect(test.grant(member, customer)).rejects.toThrow('objected');
    const events = await test.events(first.id);
    expect(events.map(({ kind }) => kind).sort()).toEqual([
      'auth.impersonation.begun',
      'auth.impersonation.ended',
      'auth.impersonation.objected',
    ]);
    expect(events.find(({ kind }) => kind === 'auth.impersonation.ended')).toMatchObject({
      actor_id: customer.id,
      subject_id: customer.id,
      details: { reason: 'objection' },
    });
    await auth.database.query(
      `update auth.user_impersonation set objected_at = now() - interval '25 hours' where id = $1`,
      [first.id],
    );
    await test.grant(member, customer);
    await object(first.id, customer.accessToken);
    await expect(test.grant(member, customer), 'the day begins anew').rejects.toThrow('objected');
  });

  it('ends it also in the last moments, when clocks differ', async () => {
    const { id, accessToken } = await test.act(member, customer);
    await auth.database.query(
      `update auth.user_impersonation set begun_at = now() - interval '10 minutes', expires_at = now() - interval '20 seconds' where id = $1`,
      [id],
    );
    await object(id, customer.accessToken);
    await test.timeUntilRevoked(accessToken);
    expect(await test.endOf(id)).toBe('objection');
  });

  it('counts also when it is over: the next one is refused', async () => {
    const { id } = await test.act(member, customer);
    await auth.database.query(
      `update auth.user_impersonation set begun_at = begun_at - interval '1 hour', expires_at = expires_at - interval '1 hour' where id = $1`,
      [id],
    );
    expect(reasonsOf(await object(id, customer.accessToken))).toEqual([]);
    await expect(test.grant(member, customer)).rejects.toThrow('objected');
  });

  it("refuses another customer's as an unknown one", async () => {
    const { id, accessToken } = await test.act(member, customer);
    const other = await test.addCustomer();
    for (const wrong of [id, '0199c2f4-7a10-7000-8000-000000000001', 'x']) {
      expect(reasonsOf(await object(wrong, other.accessToken))).toEqual(['input.id']);
    }
    expect(reasonsOf(await test.me(accessToken))).toEqual([]);
  });
});

it('a shorter life is a setting, and the session of the member of staff bounds it', async () => {
  const short = await startTestAuth((database) => ({
    ...withRevocations(database),
    IMPERSONATION_SECONDS: '120',
  }));
  const own = createTestImpersonations(short);
  try {
    const staff = await own.addMember('super_admin');
    const person = await own.addCustomer();
    expect((await own.act(staff, person)).expiresIn).toBe(120);
    await short.database.query(
      `update auth.portal_session set expires_at = now() + interval '30 seconds' where id = $1`,
      [staff.sessionId],
    );
    expect((await own.act(staff, person)).expiresIn).toBeLessThanOrEqual(30);
  } finally {
    await own.close();
    await short.stop();
  }
});
