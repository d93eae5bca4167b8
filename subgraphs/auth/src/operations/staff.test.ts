import type { StaffRole } from '@signet/schema/contract';
import { reasonsOf } from '@signet/testing';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addCustomer, addStaffMember, type TestAccount } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth, type Tokens } from '../testing/auth.test-support.ts';
import { endReasons, trySignIn } from '../testing/session-operations.test-support.ts';

const unknownId = '0199c2f4-7a10-7000-8000-000000000001';
type Member = TestAccount & Tokens;

let auth: TestAuth;
let tenantCount = 0;
let tenant: { id: string; slug: string };
let admin: Member;
beforeAll(async () => {
  auth = await startTestAuth();
});
afterAll(() => auth.stop());
/** A tenant for each test: what is counted is its super_admins. */
beforeEach(async () => {
  const slug = `tenant-${++tenantCount}`;
  tenant = { slug, id: await auth.database.addTenant(slug) };
  admin = await addMember('super_admin');
});

async function addMember(role: StaffRole): Promise<Member> {
  const account = await addStaffMember(auth.database, { tenantId: tenant.id, role });
  return { ...account, ...((await signIn(account)) as Tokens) };
}
const signIn = (account: TestAccount) => trySignIn(auth, 'portalLogin', account, { tenant: tenant.slug });
const refresh = (refreshToken: string) =>
  auth.ask(
    'mutation ($input: RefreshInput) { portalRefresh(input: $input) { accessToken } }',
    {
      input: { refreshToken },
    },
    { tenant: tenant.slug },
  );
const sender = (token: string | undefined) => (token === undefined ? {} : { token });
const fieldsOfMember = '{ id role isActive }';
const deactivate = (id: string, token?: string) =>
  auth.ask(`mutation ($id: ID!) { deactivateStaff(id: $id) ${fieldsOfMember} }`, { id }, sender(token));
const reactivate = (id: string, token?: string) =>
  auth.ask(`mutation ($id: ID!) { reactivateStaff(id: $id) ${fieldsOfMember} }`, { id }, sender(token));
const changeRole = (id: string, role: string, token?: string) =>
  auth.ask(
    `mutation ($id: ID!, $role: StaffRole!) { changeStaffRole(id: $id, role: $role) ${fieldsOfMember} }`,
    { id, role },
    sender(token),
  );
const operations = [
  { name: 'deactivateStaff', ask: deactivate },
  { name: 'reactivateStaff', ask: reactivate },
  { name: 'changeStaffRole', ask: (id: string, token?: string) => changeRole(id, 'operations', token) },
];
const ends = ({ id }: TestAccount) => endReasons(auth, 'portal', id);
const rowOf = async (id: string) =>
  (await auth.database.query('select role, is_active from auth.portal_user where id = $1', [id]))[0];
async function countSuperAdmins(): Promise<number> {
  const [row] = await auth.database.query(
    `select count(*)::int from auth.portal_user where tenant_id = $1 and role = 'super_admin' and is_active`,
    [tenant.id],
  );
  return row.count;
}

describe('deactivateStaff', () => {
  it('locks the member out: no session lives, no token is refreshed, nobody signs in', async () => {
    const member = await addMember('operations');
    await signIn(member);
    const { refreshToken } = member;
    expect((await deactivate(member.id, admin.accessToken)).body).toEqual({
      data: { deactivateStaff: { id: member.id, role: 'operations', isActive: false } },
    });
    expect(await ends(member)).toEqual(['suspended', 'suspended']);
    expect(await signIn(member)).toBeUndefined();
    expect(reasonsOf(await refresh(refreshToken))).toEqual(['auth.failure.revoked']);
    expect(reasonsOf(await deactivate(member.id, admin.accessToken)), 'again').toEqual([]);
  });

  it('works on another super_admin', async () => {
    const other = await addMember('super_admin');
    expect(reasonsOf(await deactivate(other.id, admin.accessToken))).toEqual([]);
    expect(await rowOf(other.id)).toEqual({ role: 'super_admin', is_active: false });
  });
});

describe('deactivateStaff, where the member is responsible for customers,', () => {
  const hand = async (id: string, assignTo: string | null = null) =>
    auth.ask(
      'mutation ($id: ID!, $assignTo: ID) { deactivateStaff(id: $id, assignTo: $assignTo) { id } }',
      { id, assignTo },
      sender(admin.accessToken),
    );
  const assign = async (customerId: string, staffId: string) =>
    auth.database.query(
      `insert into access.relation_tuple (tenant_id, namespace, object, relation, subject)
       values ($1, 'customer', $2, 'assignee', 'staff:' || $3)`,
      [tenant.id, customerId, staffId],
    );
  const customersOf = async (staffId: string) =>
    (
      await auth.database.query(
        'select object from access.relation_tuple where subject = $1 order by object',
        [`staff:${staffId}`],
      )
    ).map(({ object }) => object);
  const addCustomers = async () => {
    const added = await Promise.all([1, 2].map(() => addCustomer(auth.database, { tenantId: tenant.id })));
    return added.map(({ id }) => id).sort();
  };

  it('hands all of them to the other member, who may have some of them already, and writes that down', async () => {
    const [leaver, successor, third] = await Promise.all([1, 2, 3].map(() => addMember('support')));
    const [one = '', two = ''] = await addCustomers();
    for (const [customer, member] of [
      [one, leaver],
      [two, leaver],
      [two, successor],
      [one, third],
    ] as const) {
      await assign(customer, member?.id ?? '');
    }
    expect(reasonsOf(await hand(leaver?.id ?? '', successor?.id))).toEqual([]);
    expect(await customersOf(leaver?.id ?? '')).toEqual([]);
    expect(await customersOf(successor?.id ?? '')).toEqual([one, two].sort());
    expect(await customersOf(third?.id ?? ''), 'of others stay').toEqual([one]);
    const events = await auth.database.query(
      `select details from auth.audit_event where kind = 'auth.staff.deactivated' and subject_id = $1`,
      [leaver?.id],
    );
    expect(events).toEqual([{ details: { customers: 2, assignedTo: successor?.id } }]);
  });

  it('frees them where nobody is named', async () => {
    const leaver = await addMember('support');
    for (const id of await addCustomers()) await assign(id, leaver.id);
    expect(reasonsOf(await hand(leaver.id))).toEqual([]);
    expect(await customersOf(leaver.id)).toEqual([]);
  });

  it('refuses a successor who is unknown, deactivated, of another tenant, or the leaver, and changes nothing', async () => {
    const leaver = await addMember('support');
    const [one = ''] = await addCustomers();
    await assign(one, leaver.id);
    const gone = await addStaffMember(auth.database, { tenantId: tenant.id, isActive: false });
    const foreign = await addStaffMember(auth.database, { tenantId: auth.tenants.globex });
    for (const successor of [unknownId, 'x', gone.id, foreign.id, leaver.id]) {
      expect(reasonsOf(await hand(leaver.id, successor))).toEqual(['input.assignTo']);
    }
    expect(await customersOf(leaver.id)).toEqual([one]);
    expect((await rowOf(leaver.id)).is_active).toBe(true);
  });
});

describe('reactivateStaff', () => {
  it('lets the member sign in again, and brings no session back', async () => {
    const member = await addMember('support');
    await deactivate(member.id, admin.accessToken);
    const { body } = await reactivate(member.id, admin.accessToken);
    expect(body.data.reactivateStaff).toEqual({ id: member.id, role: 'support', isActive: true });
    expect(await ends(member)).toEqual(['suspended']);
    expect(await signIn(member)).toHaveProperty('accessToken');
  });
});

describe('changeStaffRole', () => {
  it('ends the sessions; the next token has the new role and its scopes', async () => {
    const member = await addMember('support');
    const { body } = await changeRole(member.id, 'operations', admin.accessToken);
    expect(body.data.changeStaffRole).toEqual({ id: member.id, role: 'operations', isActive: true });
    expect(await ends(member)).toEqual(['role']);
    const { role, scope } = decodeJwt((await signIn(member))?.accessToken ?? '');
    expect([role, `${scope}`.split(' ').includes('customers:write')]).toEqual(['operations', true]);
  });

  it('changes nothing where the member has the role', async () => {
    const member = await addMember('support');
    expect(reasonsOf(await changeRole(member.id, 'support', admin.accessToken))).toEqual([]);
    expect(await ends(member)).toEqual([null]);
  });

  it('knows no other role', async () => {
    const member = await addMember('support');
    const { body } = await changeRole(member.id, 'root', admin.accessToken);
    expect(body.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });
});

describe.each(operations)('$name', ({ ask }) => {
  it('is refused without a token, to customers and to staff without the scope', async () => {
    const member = await addMember('support');
    expect(reasonsOf(await ask(member.id))).toEqual(['auth.failure.missing_token']);
    const customer = await addCustomer(auth.database, { tenantId: tenant.id });
    const { accessToken } = await auth.signIn('login', customer, { tenant: tenant.slug });
    expect(reasonsOf(await ask(member.id, accessToken))).toEqual(['authz.platform.deny']);
    const operator = await addMember('operations');
    expect(reasonsOf(await ask(member.id, operator.accessToken))).toEqual(['authz.scope.deny']);
    expect(await rowOf(member.id)).toEqual({ role: 'support', is_active: true });
  });

  it('is refused on oneself: the only super_admin stays one', async () => {
    expect(reasonsOf(await ask(admin.id, admin.accessToken))).toEqual(['authz.permission.deny']);
    expect(await rowOf(admin.id)).toEqual({ role: 'super_admin', is_active: true });
    expect(await ends(admin)).toEqual([null]);
  });

  it('knows nobody of another tenant, no customer, nobody unknown', async () => {
    const foreigner = await addStaffMember(auth.database, { tenantId: auth.tenants.globex });
    const customer = await addCustomer(auth.database, { tenantId: tenant.id });
    for (const id of [foreigner.id, customer.id, unknownId]) {
      expect(reasonsOf(await ask(id, admin.accessToken))).toEqual(['input.id']);
    }
    expect(await rowOf(foreigner.id)).toEqual({ role: 'support', is_active: true });
  });

  it('refuses what is no id', async () => {
    for (const id of ['', 'x', '\0', `${unknownId}0`, 'a'.repeat(10_240)]) {
      expect(reasonsOf(await ask(id, admin.accessToken)), id.slice(0, 40)).toEqual(['input.id']);
    }
  });

  it('goes by what the asker is now, not by what the token says', async () => {
    const member = await addMember('support');
    const set = (change: string) =>
      auth.database.query(`update auth.portal_user set ${change} where id = $1`, [admin.id]);
    await set(`role = 'operations'`);
    expect(reasonsOf(await ask(member.id, admin.accessToken))).toEqual(['authz.role.deny']);
    await set(`role = 'super_admin', is_active = false`);
    expect(reasonsOf(await ask(member.id, admin.accessToken))).toEqual(['auth.failure.revoked']);
    await set('is_active = true');
    await auth.database.query(
      `update auth.portal_session set ended_at = now(), end_reason = 'logout' where staff_id = $1`,
      [admin.id],
    );
    expect(reasonsOf(await ask(member.id, admin.accessToken))).toEqual(['auth.failure.revoked']);
    expect(await rowOf(member.id)).toEqual({ role: 'support', is_active: true });
  });
});

// Many tries, each with sign-ins of its own.
const raceTimeoutMs = 60_000;

describe('the last two super_admins', { timeout: raceTimeoutMs }, () => {
  const waysOut = {
    demoted: (id: string, token: string) => changeRole(id, 'support', token),
    deactivated: deactivate,
  };
  it.each([
    ['demoted', 'demoted'],
    ['deactivated', 'deactivated'],
    ['demoted', 'deactivated'],
  ] as const)('do not both go when each has the other %s or %s at once', async (first, second) => {
    for (let attempt = 0; attempt < 20; attempt++) {
      const [one, two] = [await addMember('super_admin'), await addMember('super_admin')];
      await auth.database.query(
        'update auth.portal_user set is_active = false where tenant_id = $1 and id <> all($2)',
        [tenant.id, [one.id, two.id]],
      );
      const answers = await Promise.all([
        waysOut[first](two.id, one.accessToken),
        waysOut[second](one.id, two.accessToken),
      ]);
      expect(answers.flatMap(reasonsOf)).toEqual(['auth.failure.revoked']);
      expect(await countSuperAdmins()).toBe(1);
    }
  });

  it('do not go in a circle of three', async () => {
    for (let attempt = 0; attempt < 10; attempt++) {
      const ring = [
        await addMember('super_admin'),
        await addMember('super_admin'),
        await addMember('super_admin'),
      ];
      await auth.database.query(
        'update auth.portal_user set is_active = false where tenant_id = $1 and id <> all($2)',
        [tenant.id, ring.map(({ id }) => id)],
      );
      await Promise.all(
        ring.map(({ accessToken }, index) => deactivate(ring[(index + 1) % 3]?.id ?? '', accessToken)),
      );
      expect(await countSuperAdmins()).toBeGreaterThan(0);
    }
  });
});

describe('a race', { timeout: raceTimeoutMs }, () => {
  it('of deactivation with sign-in and refresh leaves no session alive', async () => {
    for (let attempt = 0; attempt < 50; attempt++) {
      const member = await addMember('support');
      await Promise.all([
        deactivate(member.id, admin.accessToken),
        signIn(member),
        refresh(member.refreshToken),
      ]);
      expect(await ends(member)).not.toContain(null);
    }
  });

  it('of a role change with sign-in and refresh leaves no token of the old role', async () => {
    for (let attempt = 0; attempt < 30; attempt++) {
      const member = await addMember('operations');
      const [, signedIn] = await Promise.all([
        changeRole(member.id, 'support', admin.accessToken),
        signIn(member),
        refresh(member.refreshToken),
      ]);
      const [before, during] = await ends(member);
      expect(before).toBe('role');
      // Signed in before the change, it has ended; after it, the token has the new role.
      if (during === null) expect(decodeJwt(signedIn?.accessToken ?? '').role).toBe('support');
    }
  });
});
