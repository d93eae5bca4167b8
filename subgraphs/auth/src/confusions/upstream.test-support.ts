import type { Platform } from '@signet/schema/contract';
import { type IdentityProvider, startIdentityProvider } from '@signet/testing/identity-provider';
import { SignJWT } from 'jose';
import { addCustomer, addStaffMember } from '../testing/accounts.test-support.ts';
import type { TestAuth } from '../testing/auth.test-support.ts';
import {
  clientOf,
  newBrowser,
  newFrontend,
  upstreamSteps,
  writeProviders,
} from '../testing/upstream.test-support.ts';
import { type Corner, reasonOf } from './confusions.test-support.ts';

/** A provider for both platforms, and the settings of an auth at which people of it can sign in. */
export async function startConfusedProvider(): Promise<{
  idp: IdentityProvider;
  settings: Record<string, string>;
}> {
  const idp = await startIdentityProvider([clientOf('user', 'idp'), clientOf('portal', 'idp')]);
  const shared = { name: 'idp', issuer: idp.issuer, domains: ['example.com'], create: true };
  const roles = { claim: 'groups', map: { helpers: 'support' } };
  const file = await writeProviders([
    { ...shared, platform: 'user' },
    { ...shared, platform: 'portal', roles },
  ]);
  return { idp, settings: { PROVIDERS_FILE: file } };
}

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout';

/** What a provider makes, and what we make of it: each has one place, and tokens of the provider none at all. */
export async function openUpstream(auth: TestAuth, idp: IdentityProvider): Promise<Corner> {
  // One after the other: the provider signs in one person at a time.
  const customers = await openPlatform(auth, idp, 'user');
  const staff = await openPlatform(auth, idp, 'portal');
  return {
    secrets: [...customers.secrets, ...staff.secrets],
    places: [...customers.places, ...staff.places],
  };
}

async function openPlatform(auth: TestAuth, idp: IdentityProvider, platform: Platform): Promise<Corner> {
  const whose = platform === 'user' ? 'customers' : 'staff';
  const { start, visit, callBack, fragmentOf, goThrough, complete, ask } = upstreamSteps(
    () => auth,
    platform,
  );
  const names =
    platform === 'user'
      ? { link: 'linkIdentity', login: 'login', complete: 'completeUpstreamSignIn' }
      : { link: 'linkPortalIdentity', login: 'portalLogin', complete: 'completePortalUpstreamSignIn' };
  const nameOf = (place: string) => `${place} of ${whose}`;
  let count = 0;
  const newPerson = () => {
    count += 1;
    const sub = `${platform}-${count}`;
    return { sub, email: `${sub}@example.com`, email_verified: true, groups: ['helpers'] };
  };
  const add = platform === 'user' ? addCustomer : addStaffMember;
  const account = await add(auth.database, { tenantId: auth.tenants.demo });
  const { accessToken } = await auth.signIn(names.login as 'login', account);

  const seen: { id_token?: string; access_token?: string } = {};
  idp.onTokens = (tokens) => Object.assign(seen, tokens);
  const signed = await goThrough(idp, newPerson());
  const linked = await goThrough(idp, newPerson(), { more: { purpose: 'link' } });
  idp.onTokens = undefined;
  // Beyond the minute that they are good for: all tries take longer.
  await auth.database.query(
    `update auth.${platform}_upstream_result set expires_at = now() + interval '1 hour'`,
  );

  const frontend = newFrontend();
  const browser = newBrowser();
  idp.person = newPerson();
  const begun = await start(browser, frontend);
  const back = await visit(idp, browser, begun.headers.location ?? '');
  const iat = Math.floor(Date.now() / 1000);
  const { privateKey, kid } = idp.key();
  const logoutToken = await new SignJWT({
    events: { [logoutEvent]: {} },
    sub: 'nobody',
    jti: `${platform}-logout`,
    iat,
  })
    .setProtectedHeader({ alg: 'RS256', kid, typ: 'logout+jwt' })
    .setIssuer(idp.issuer)
    .setAudience(`signet-${platform}-idp`)
    .sign(privateKey);
  const [code, state] = [back.searchParams.get('code') ?? '', back.searchParams.get('state') ?? ''];

  return {
    secrets: [
      { kind: nameOf('ID token of a provider'), text: seen.id_token ?? '', fits: [] },
      { kind: nameOf('access token of a provider'), text: seen.access_token ?? '', fits: [] },
      { kind: nameOf('authorization code of a provider'), text: code, fits: [] },
      { kind: nameOf('state'), text: state, fits: [nameOf('callback')] },
      { kind: nameOf('code of a sign-in'), text: signed.code ?? '', fits: [names.complete] },
      { kind: nameOf('code of a link'), text: linked.code ?? '', fits: [names.link] },
      { kind: nameOf('logout token'), text: logoutToken, fits: [nameOf('backchannel-logout')] },
    ],
    places: [
      {
        name: nameOf('callback'),
        async present(text) {
          const url = new URL(back);
          url.searchParams.set('state', text);
          const answer = await callBack(browser, url);
          return fragmentOf(answer).code ? undefined : `status ${answer.status}`;
        },
        refusal: /^status 400$/,
      },
      {
        name: names.complete,
        present: async (text) => (await complete(text, signed.frontend)).reason,
        refusal: /^input\.code$/,
      },
      {
        name: names.link,
        async present(text) {
          const input = { code: text, verifier: linked.frontend.verifier };
          const query = `mutation ($input: LinkIdentityInput!) { ${names.link}(input: $input) { id } }`;
          return reasonOf(await auth.ask(query, { input }, { token: accessToken }));
        },
        refusal: /^input\.code$/,
      },
      {
        name: nameOf('backchannel-logout'),
        async present(text) {
          const body = new URLSearchParams({ logout_token: text }).toString();
          const { status } = await ask({ route: 'backchannelLogout', body });
          return status === 200 ? undefined : `status ${status}`;
        },
        refusal: /^status 400$/,
      },
    ],
  };
}
