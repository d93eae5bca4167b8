import type { TestAuth } from '../testing/auth.test-support.ts';
import { createTestImpersonations } from '../testing/impersonations.test-support.ts';
import { type Corner, reasonOf } from './confusions.test-support.ts';

/** The grant of `impersonateCustomer`, which only its exchange takes. */
export async function openImpersonationGrants(auth: TestAuth): Promise<Corner> {
  const test = createTestImpersonations(auth);
  try {
    const [member, customer] = [await test.addMember(), await test.addCustomer()];
    const text = await test.grant(member, customer);
    // The whole table takes longer than a minute.
    await auth.database.query(
      `update auth.user_impersonation set grant_expires_at = now() + interval '1 hour' where account_id = $1`,
      [customer.id],
    );
    return {
      secrets: [{ kind: 'grant of an impersonation', text, fits: ['beginImpersonation'] }],
      places: [
        {
          name: 'beginImpersonation',
          present: async (grant) => reasonOf(await test.begin(grant)),
          refusal: /^input\.grant$/,
        },
      ],
    };
  } finally {
    await test.close();
  }
}
