import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import {
  assertData,
  assertThat,
  keepProvider,
  type Provider,
  type SmokeClient,
  type SmokeContext,
} from '@signet/testing/smoke';
import { parse } from 'yaml';

type Walk = Pick<SmokeContext, 'user' | 'step'> & {
  userUrl: string;
  env: Readonly<Record<string, string | undefined>>;
};
/** An entry of PROVIDERS_FILE (docs/identity-providers.md). */
type Entry = {
  name: string;
  platform: string;
  tenant: string;
  issuer: string;
  clientId: string;
  clientSecretFile?: string;
  callbackUrl?: string;
};

const name = 'smoke';
const route = `/oauth/user/${name}`;
const endedWithinMs = 1000;

/**
 * A customer who comes in through an identity provider: a real one, which runs for as long as this, where the entry `smoke` of
 * PROVIDERS_FILE says. They sign in, get an account, and sign out at the provider.
 *
 * @returns false where there is no such entry: then nothing was tried.
 */
export async function walkUpstream({ user, step, userUrl, env }: Walk): Promise<boolean> {
  const entry = await findEntry(env.PROVIDERS_FILE);
  if (!entry) return false;
  const { provider, secret, callbackUrl } = entry;
  const idp = await keepProvider(
    [
      {
        client_id: provider.clientId,
        client_secret: secret,
        redirect_uris: [callbackUrl],
        backchannel_logout_uri: callbackUrl.replace(/callback$/, 'backchannel-logout'),
      },
    ],
    { port: Number(new URL(provider.issuer).port) },
  );
  try {
    await walk({ user, step, userUrl, idp, callbackUrl, tenant: provider.tenant });
  } finally {
    await idp.stop();
  }
  return true;
}

type Steps = Pick<Walk, 'user' | 'step' | 'userUrl'> & { idp: Provider; callbackUrl: string; tenant: string };

async function walk({ user, step, userUrl, idp, callbackUrl, tenant }: Steps): Promise<void> {
  const sub = `smoke-${randomBytes(6).toString('hex')}`;
  const person = { sub, email: `${sub}@example.com`, email_verified: true, name: 'Smoke' };
  const held = { token: '', id: '' };
  const cookies = new Map<string, string>();
  const signIn = async () => {
    const verifier = randomBytes(32).toString('base64url');
    const { code, back } = await goThrough({ userUrl, idp, callbackUrl }, { person, cookies, verifier });
    const token = await complete(user, { code, verifier });
    return { token, back, code, verifier };
  };
  await step('a customer comes in through an identity provider, and has an account', async () => {
    const { token, back, code, verifier } = await signIn();
    assertThat((await back()) === 400, 'the way back from the provider is open a second time');
    const again = await user.query(completion, undefined, { input: { code, verifier } });
    assertThat(again.errors?.[0]?.extensions?.reason === 'input.code', 'the code is good a second time');
    held.token = token;
    const { me } = assertData(await user.query('{ me { id email emailVerified } }', token));
    const { id, email, emailVerified } = me as { id: string; email: string; emailVerified: boolean };
    assertThat(email === person.email && emailVerified, `the account is ${JSON.stringify(me)}`);
    held.id = id;
    return `${email}, tenant ${tenant}`;
  });
  await step('signing out at the provider ends the session', async () => {
    let told = 0;
    let status = 0;
    idp.onLogout = async (_url, form) => {
      told = performance.now();
      ({ status } = await fetch(`${userUrl}${route}/backchannel-logout`, { method: 'POST', body: form }));
      return status;
    };
    await idp.signOut(cookies);
    assertThat(status === 200, `the logout token is answered ${status}`);
    while (performance.now() - told < 2 * endedWithinMs) {
      const { errors } = await user.query('{ me { id } }', held.token);
      if (errors?.[0]?.extensions?.reason === 'auth.failure.revoked') break;
    }
    const lag = performance.now() - told;
    assertThat(lag < endedWithinMs, `it was still good after ${Math.round(lag)} ms`);
    return `refused after ${Math.round(lag)} ms`;
  });
  await step('the same person comes back to the same account, and ends it', async () => {
    const { token } = await signIn();
    const { me, myIdentities } = assertData(
      await user.query('{ me { id } myIdentities { provider } }', token),
    );
    assertThat((me as { id: string }).id === held.id, 'it is another account');
    assertData(await user.query('mutation { deleteAccount { at } }', token));
    return JSON.stringify(myIdentities);
  });
}

const completion =
  'mutation ($input: UpstreamSignInInput!) { result: completeUpstreamSignIn(input: $input) { accessToken } }';

async function complete(user: SmokeClient, input: { code: string; verifier: string }): Promise<string> {
  const { result } = assertData(await user.query(completion, undefined, { input }));
  return (result as { accessToken: string }).accessToken;
}

type Way = Pick<Steps, 'userUrl' | 'idp' | 'callbackUrl'>;
type Visit = { person: NonNullable<Provider['person']>; cookies: Map<string, string>; verifier: string };

/** What a browser does between the frontend's link and the frontend's page. */
async function goThrough({ userUrl, idp, callbackUrl }: Way, { person, cookies, verifier }: Visit) {
  idp.person = person;
  const query = new URLSearchParams({
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const started = await fetch(`${userUrl}${route}/start?${query}`, { redirect: 'manual' });
  assertThat(started.status === 303, `${route}/start answers ${started.status}`);
  const cookie = started.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  const url = await idp.visit(started.headers.get('location') ?? '', cookies, ({ href }) =>
    href.startsWith(callbackUrl),
  );
  const come = () =>
    fetch(`${userUrl}${route}/callback${url.search}`, { redirect: 'manual', headers: { cookie } });
  const answer = await come();
  const fragment = new URL(answer.headers.get('location') ?? 'about:blank').hash.slice(1);
  const code = new URLSearchParams(fragment).get('code');
  assertThat(code !== null, `the way back answers ${answer.status}, ${fragment}`);
  return { code, back: async () => (await come()).status };
}

/** The entry for this, with its secret. Its issuer is on this machine: nobody else is meant to be reached. */
async function findEntry(path: string | undefined) {
  if (path === undefined) return undefined;
  const { providers = [] } = parse(await readFile(path, 'utf8')) as { providers?: Entry[] };
  const provider = providers.find((entry) => entry.name === name && entry.platform === 'user');
  if (provider?.clientSecretFile === undefined || provider.callbackUrl === undefined) return undefined;
  if (!/^http:\/\/127\.0\.0\.1:\d+$/.test(provider.issuer)) return undefined;
  const secret = await readFile(resolve(dirname(path), provider.clientSecretFile), 'utf8');
  return { provider, secret: secret.trim(), callbackUrl: provider.callbackUrl };
}
