import { createHash, randomBytes } from 'node:crypto';
import { createDatabase, inTenant } from '@signet/db';
import type { StaffRole } from '@signet/schema/contract';
import { reasonsOf, type TestDatabase } from '@signet/testing';
import { decodeJwt } from 'jose';
import { sql } from 'kysely';
import { addCustomer, addStaffMember, type TestAccount } from './accounts.test-support.ts';
import type { TestAuth, Tokens } from './auth.test-support.ts';
import { mailSettings } from './mails.test-support.ts';

export type Acting = { id: string; accessToken: string; expiresIn: number; scopes: string[] };
export type Member = TestAccount & Tokens & { sessionId: string };

/** Settings with which mails are kept, and tokens end with what they belong to. */
export const withRevocations = (database: TestDatabase) => ({
  ...mailSettings,
  REVOCATIONS_DATABASE_URL: database.urlOf('signet_verifier'),
});

export const beginQuery = `mutation ($input: BeginImpersonationInput!) {
  beginImpersonation(input: $input) { id accessToken expiresIn expiresAt reason scopes } }`;

/** What a test does about impersonations in the tenant `demo`. The portal's part is what its process does in the database. */
export type TestImpersonations = ReturnType<typeof createTestImpersonations>;

export function createTestImpersonations(auth: TestAuth) {
  const tenantId = auth.tenants.demo;
  const portal = createDatabase(auth.database.urlOf('signet_portal'), { maxConnections: 4 });
  const asPortal = (statement: ReturnType<typeof sql>) =>
    inTenant(
      portal,
      tenantId,
      async (trx) => (await statement.execute(trx)).rows as Record<string, unknown>[],
    );
  /** The text of a grant, or what stood in its way. */
  async function grant(
    member: Pick<Member, 'id' | 'sessionId'>,
    customer: { id: string },
    reason = 'SUPPORT_REQUEST',
  ) {
    const text = randomBytes(32).toString('base64url');
    const hash = createHash('sha256').update(text).digest();
    const [row] = await asPortal(sql`
      select * from auth.grant_impersonation(${customer.id}, ${member.id}, ${member.sessionId}, ${reason}, 'Called us.', 'T-1', ${hash})`);
    if (row?.outcome !== 'done') throw new Error(`no grant: ${row?.outcome}`);
    return text;
  }
  const begin = (text: string, sender: Parameters<TestAuth['ask']>[2] = {}) =>
    auth.ask(beginQuery, { input: { grant: text } }, sender);
  const me = (token: string) => auth.ask('{ me { id } }', {}, { token });
  return {
    asPortal,
    grant,
    begin,
    me,
    async addMember(role: StaffRole = 'operations'): Promise<Member> {
      const account = await addStaffMember(auth.database, { tenantId, role });
      const tokens = await auth.signIn('portalLogin', account);
      return { ...account, ...tokens, sessionId: String(decodeJwt(tokens.accessToken).sid) };
    },
    async addCustomer(): Promise<TestAccount & Tokens> {
      const account = await addCustomer(auth.database, { tenantId });
      return { ...account, ...(await auth.signIn('login', account)) };
    },
    async act(member: Member, customer: { id: string }, reason?: string): Promise<Acting> {
      const { body } = await begin(await grant(member, customer, reason));
      if (!body.data?.beginImpersonation) throw new Error(`it did not begin: ${JSON.stringify(body)}`);
      return body.data.beginImpersonation;
    },
    /** How long a token went on being accepted, in ms from now. Asks until it is refused as revoked. */
    async timeUntilRevoked(token: string): Promise<number> {
      const startedAt = performance.now();
      while (performance.now() - startedAt < 60_000) {
        const answer = await me(token);
        if (reasonsOf(answer).includes('auth.failure.revoked')) return performance.now() - startedAt;
        if (reasonsOf(answer).length > 0) throw new Error(`refused as ${reasonsOf(answer)}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      throw new Error('accepted for a minute');
    },
    events: (id: string) =>
      auth.database.query(
        `select kind, platform, actor_id, subject_id, details from auth.audit_event where session_id = $1 or details ->> 'impersonation' = $1::text
         order by happened_at, id`,
        [id],
      ),
    endOf: async (id: string) =>
      (await auth.database.query('select end_reason from auth.user_impersonation where id = $1', [id]))[0]
        ?.end_reason,
    close: () => portal.destroy(),
  };
}
