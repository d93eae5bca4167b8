import type { StaffRole } from '@signet/schema/contract';
import { addStaffMember, type TestAccount } from './accounts.test-support.ts';
import type { TestAuth, Tokens } from './auth.test-support.ts';
import { readMails, tokenOf } from './mails.test-support.ts';
import { trySignIn } from './session-operations.test-support.ts';

export type Tenant = { id: string; slug: string };
export type Member = TestAccount & Tokens;

const fields = 'id email fullName role state invitedBy { id } sentAt expiresAt';
let last = 0;
function newEmail(): string {
  last += 1;
  return `new${last}@example.com`;
}

/** What staff and the people whom they invite do, in one tenant. */
export function invitationOperations(auth: () => TestAuth, tenant: () => Tenant) {
  const sender = (token?: string) => (token === undefined ? { tenant: tenant().slug } : { token });
  const onInvitation = (field: string) => (id: string, token?: string) =>
    auth().ask(`mutation ($id: ID!) { ${field}(id: $id) { ${fields} } }`, { id }, sender(token));
  const invite = (input: Record<string, unknown>, token?: string) =>
    auth().ask(
      `mutation ($input: InviteStaffInput!) { inviteStaff(input: $input) { ${fields} } }`,
      { input: { fullName: 'New Member', role: 'support', ...input } },
      sender(token),
    );
  const tokenTo = async (email: string) => tokenOf((await readMails(auth(), 'portal', email)).at(-1));
  return {
    invite,
    tokenTo,
    resend: onInvitation('resendInvitation'),
    revoke: onInvitation('revokeInvitation'),
    list: (token?: string) =>
      auth().ask(`{ staffInvitations { edges { node { ${fields} } } } }`, {}, sender(token)),
    accept: (input: Record<string, unknown>, slug = tenant().slug) =>
      auth().ask(
        'mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { accessToken refreshToken deviceToken } }',
        { input },
        { tenant: slug },
      ),
    newEmail,
    /** An invitation, and the token of its mail. */
    async inviteSomebody(token: string, input: Record<string, unknown> = {}) {
      const email = newEmail();
      const { body } = await invite({ email, ...input }, token);
      return { id: body.data.inviteStaff.id as string, email, token: await tokenTo(email) };
    },
    async addMember(role: StaffRole): Promise<Member> {
      const account = await addStaffMember(auth().database, { tenantId: tenant().id, role });
      const tokens = await trySignIn(auth(), 'portalLogin', account, { tenant: tenant().slug });
      return { ...account, ...(tokens as Tokens) };
    },
    async rowsOf(email: string) {
      return auth().database.query('select * from auth.portal_user where tenant_id = $1 and email = $2', [
        tenant().id,
        email,
      ]);
    },
  };
}
