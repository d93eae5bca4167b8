import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCustomer, addStaffMember, type TestAccount } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';

const operation = `query ($representations: [_Any!]!) {
  _entities(representations: $representations) { ... on User { id email } ... on StaffMember { id email role } }
}`;

describe('entities', () => {
  let auth: TestAuth;
  let [customer, otherCustomer, foreignCustomer, staff, foreignStaff] = [] as unknown as TestAccount[] as [
    TestAccount,
    TestAccount,
    TestAccount,
    TestAccount,
    TestAccount,
  ];
  let tokens: { user: string; portal: string };
  beforeAll(async () => {
    auth = await startTestAuth();
    const { demo, globex } = auth.tenants;
    customer = await addCustomer(auth.database, { tenantId: demo });
    otherCustomer = await addCustomer(auth.database, { tenantId: demo });
    foreignCustomer = await addCustomer(auth.database, { tenantId: globex });
    staff = await addStaffMember(auth.database, { tenantId: demo });
    foreignStaff = await addStaffMember(auth.database, { tenantId: globex });
    tokens = {
      user: (await auth.signIn('login', customer)).accessToken,
      portal: (await auth.signIn('portalLogin', staff)).accessToken,
    };
  });
  afterAll(() => auth.stop());

  const resolve = async (__typename: string, ids: readonly unknown[], token?: string) => {
    const representations = ids.map((id) => ({ __typename, id, email: 'forged@example.com' }));
    const { body } = await auth.ask(operation, { representations }, token ? { token } : {});
    return {
      entities: body.data._entities,
      reasons: body.errors?.map(({ extensions }) => extensions.reason),
    };
  };
  const allCustomers = () => [customer.id, otherCustomer.id, foreignCustomer.id, 'no id', 7];

  it('show a customer himself only, and refuse the others whether they exist or not', async () => {
    const self = { id: customer.id, email: customer.email };
    const refused = 'authz.permission.deny';
    expect(await resolve('User', allCustomers(), tokens.user)).toEqual({
      entities: [self, null, null, null, null],
      reasons: [refused, refused],
    });
  });

  it('show staff every customer of their tenant, from the table and not from what the caller sent', async () => {
    const { entities, reasons } = await resolve('User', allCustomers(), tokens.portal);
    expect(reasons).toBeUndefined();
    expect(entities).toEqual([
      { id: customer.id, email: customer.email },
      { id: otherCustomer.id, email: otherCustomer.email },
      null,
      null,
      null,
    ]);
  });

  it('show nobody to callers who are not signed in', async () => {
    const refused = 'auth.failure.missing_token';
    expect(await resolve('User', [customer.id, staff.id])).toEqual({
      entities: [null, null],
      reasons: [refused, refused],
    });
    expect(await resolve('StaffMember', [staff.id])).toEqual({ entities: [null], reasons: [refused] });
  });

  it('show staff to staff of the same tenant only', async () => {
    const self = { id: staff.id, email: staff.email, role: 'support' };
    expect(await resolve('StaffMember', [staff.id, foreignStaff.id, 'no id'], tokens.portal)).toEqual({
      entities: [self, null, null],
    });
    expect(await resolve('StaffMember', [staff.id], tokens.user)).toEqual({
      entities: [null],
      reasons: ['authz.platform.deny'],
    });
  });

  it('load any number of accounts with one statement', async () => {
    auth.statements.length = 0;
    await resolve('User', [customer.id, otherCustomer.id, customer.id, foreignCustomer.id], tokens.portal);
    expect(auth.statements.filter((sql) => /from "auth"\."user"/.test(sql))).toHaveLength(1);
  });
});
