import { expect } from 'vitest';
import { addCustomer, addStaffMember, type TestAccount } from './accounts.test-support.ts';
import { signInOperation, type TestAuth, type Tokens } from './auth.test-support.ts';

const fieldsOfUser = {
  login: 'login',
  refresh: 'refresh',
  list: 'mySessions',
  endOne: 'endSession',
  endOthers: 'endOtherSessions',
  changePassword: 'changePassword',
  reauthenticate: 'reauthenticate',
} as const;
const fieldsOfPortal = {
  login: 'portalLogin',
  refresh: 'portalRefresh',
  list: 'portalSessions',
  endOne: 'endPortalSession',
  endOthers: 'endOtherPortalSessions',
  changePassword: 'changePortalPassword',
  reauthenticate: 'portalReauthenticate',
} as const;

/** Both platforms, for `describe.each`: the same guarantees hold on both. */
export const bothPlatforms = [
  {
    platform: 'user',
    other: 'portal',
    fields: fieldsOfUser,
    addAccount: addCustomer,
    addOther: addStaffMember,
  },
  {
    platform: 'portal',
    other: 'user',
    fields: fieldsOfPortal,
    addAccount: addStaffMember,
    addOther: addCustomer,
  },
] as const;
export type PlatformFields = (typeof bothPlatforms)[number]['fields'];

/** What a person does about their own sessions. */
export function sessionOperations(auth: () => TestAuth, { fields }: { fields: PlatformFields }) {
  const sender = (token?: string) => (token === undefined ? {} : { token });
  return {
    list: (token?: string) =>
      auth().ask(
        `{ ${fields.list} { id device address createdAt lastUsedAt expiresAt current } }`,
        {},
        sender(token),
      ),
    endOne: (id: string, token?: string) =>
      auth().ask(`mutation ($id: ID!) { ${fields.endOne}(id: $id) }`, { id }, sender(token)),
    endOthers: (token?: string) => auth().ask(`mutation { ${fields.endOthers} }`, {}, sender(token)),
    changePassword: (input: Record<string, unknown>, token?: string) =>
      auth().ask(
        `mutation ($input: ChangePasswordInput!) {
          ${fields.changePassword}(input: $input) { endedSessions tokens { accessToken refreshToken deviceToken } }
        }`,
        { input },
        sender(token),
      ),
    reauthenticate: (input: Record<string, unknown>, token?: string) =>
      auth().ask(
        `mutation ($input: ReauthenticateInput!) {
          ${fields.reauthenticate}(input: $input) { accessToken refreshToken expiresIn deviceToken }
        }`,
        { input },
        sender(token),
      ),
    refresh: (refreshToken: string) =>
      auth().ask(
        `mutation ($input: RefreshInput) { ${fields.refresh}(input: $input) { accessToken refreshToken } }`,
        { input: { refreshToken } },
      ),
  };
}

/** Like `signIn`, where a refusal is what is expected: undefined then. */
export async function trySignIn(
  auth: TestAuth,
  field: 'login' | 'portalLogin',
  { email, password }: TestAccount,
  sender: { tenant?: string } = {},
): Promise<Tokens | undefined> {
  const { body } = await auth.ask(signInOperation(field), { input: { email, password } }, sender);
  return body.data?.[field];
}

/** How the sessions of an account ended, oldest first; null for one that lives. */
export async function endReasons(auth: TestAuth, platform: 'user' | 'portal', accountId: string) {
  const column = platform === 'user' ? 'user_id' : 'staff_id';
  const rows = await auth.database.query<{ end_reason: string | null; ended_at: Date | null }>(
    `select end_reason, ended_at from auth.${platform}_session where ${column} = $1 order by id`,
    [accountId],
  );
  for (const row of rows) {
    expect(row.ended_at === null, 'a reason and a time go together').toBe(row.end_reason === null);
  }
  return rows.map((row) => row.end_reason);
}
