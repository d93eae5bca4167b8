import { type Platform, sessionCookieOf } from '@signet/schema/contract';
import { decodeJwt } from 'jose';
import type { TestAccount } from './accounts.test-support.ts';
import type { TestAuth } from './auth.test-support.ts';

const fieldsOf = {
  user: { signIn: 'login', refresh: 'refresh', logout: 'logout', endOne: 'endSession' },
  portal: {
    signIn: 'portalLogin',
    refresh: 'portalRefresh',
    logout: 'portalLogout',
    endOne: 'endPortalSession',
  },
} as const;

type Sender = { cookie?: string; session?: string; token?: string; timeoutMs?: number; password?: string };

/** What a browser sends on one platform, as the gateway passes it on when it has found the page's origin trusted. */
export function createTestBrowser(auth: () => TestAuth, account: () => TestAccount, platform: Platform) {
  const name = sessionCookieOf(platform);
  const fields = fieldsOf[platform];

  async function ask(
    query: string,
    variables: object,
    { cookie, session = 'cookie', token, timeoutMs }: Sender = {},
  ) {
    const { body, headers } = await auth().gateway.post(
      `${auth().url}/graphql`,
      { query, variables: { ...variables } },
      {
        token,
        context: { origin: 'https://shop.example', session, ...(timeoutMs && { timeoutMs }) },
        ...(cookie && { cookie }),
      },
    );
    const set = headers.getSetCookie().filter((line) => line.startsWith(`${name}=`));
    return {
      body,
      set,
      value: set[0]?.slice(name.length + 1).split(';')[0],
      reason: body.errors?.[0]?.extensions.reason,
    };
  }

  return {
    name,
    fields,
    /** The header that deletes the cookie. */
    cleared: `${name}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict`,
    ask,
    signIn: (sender?: Sender) =>
      ask(
        `mutation ($input: LoginInput!) { ${fields.signIn}(input: $input) { accessToken refreshToken expiresIn } }`,
        { input: { email: account().email, password: sender?.password ?? account().password } },
        sender,
      ),
    refresh: (sender: Sender, input?: object) =>
      ask(
        `mutation ($input: RefreshInput) { ${fields.refresh}(input: $input) { accessToken refreshToken expiresIn } }`,
        { input },
        sender,
      ),
    logout: (sender: Sender, input?: object) =>
      ask(`mutation ($input: LogoutInput) { ${fields.logout}(input: $input) }`, { input }, sender),
    sidOf: (payload: { accessToken: string }) => decodeJwt(payload.accessToken).sid,
    /** How the session ended; null for one that lives. */
    async endOf(sid: unknown): Promise<string | null> {
      const sql = `select end_reason from auth.${platform}_session where id = $1`;
      return (await auth().database.query(sql, [sid]))[0].end_reason;
    },
  };
}
