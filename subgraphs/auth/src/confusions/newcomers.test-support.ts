import { accountOperations, newAddress } from '../testing/account-operations.test-support.ts';
import { testPassword } from '../testing/accounts.test-support.ts';
import type { TestAuth } from '../testing/auth.test-support.ts';
import { invitationOperations } from '../testing/invitations.test-support.ts';
import { type Corner, reasonOf } from './confusions.test-support.ts';

/** What those hold who have no account yet: the link and the challenge of a registration, and an invitation. */
export async function openNewcomers(auth: TestAuth): Promise<Corner> {
  const { verify, tokenTo } = accountOperations(() => auth, 'user');
  const register = async (email: string) => {
    const { body } = await auth.ask(
      'mutation ($input: RegisterInput!) { register(input: $input) { accessToken } }',
      { input: { email, password: testPassword } },
      { address: newAddress() },
    );
    const { challenge } = (body.errors?.[0]?.extensions ?? {}) as { challenge?: { id: string } };
    return { token: await tokenTo(email, 'verify-email'), challenge: challenge?.id ?? '' };
  };
  const registered = await register('registered@example.com');
  const other = await register('registered-too@example.com');
  const staff = invitationOperations(
    () => auth,
    () => ({ id: auth.tenants.demo, slug: 'demo' }),
  );
  const admin = await staff.addMember('super_admin');
  const invited = await staff.inviteSomebody(admin.accessToken);
  return {
    secrets: [
      { kind: 'link of a registration', text: registered.token, fits: ['verifyEmail'] },
      { kind: 'challenge of a registration', text: other.challenge, fits: ['challenge of verifyEmail'] },
      { kind: 'invitation of staff', text: invited.token, fits: ['acceptInvitation'] },
    ],
    places: [
      {
        name: 'challenge of verifyEmail',
        async present(challenge) {
          const { data, reason } = await verify({ token: other.token, challenge });
          const { next } = (data ?? {}) as { next?: string };
          return reason ?? (next === 'NONE' ? undefined : next);
        },
        // The link stays good, and somebody must say the password.
        refusal: /^GIVE_PASSWORD$/,
      },
      {
        name: 'acceptInvitation',
        present: async (token) => reasonOf({ ...(await staff.accept({ token, password: testPassword })) }),
        refusal: /^input\.token$/,
      },
    ],
  };
}
