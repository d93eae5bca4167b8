import { shortestOfThree } from '@signet/testing';
import { type IdentityProvider, startIdentityProvider } from '@signet/testing/identity-provider';
import { decodeJwt, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTestAuth, type TestAuth, type Tokens } from '../testing/auth.test-support.ts';
import { mailSettings } from '../testing/mails.test-support.ts';
import { bothPlatforms } from '../testing/session-operations.test-support.ts';
import {
  clientOf,
  newBrowser,
  newFrontend,
  upstreamSteps,
  writeProviders,
} from '../testing/upstream.test-support.ts';

let auth: TestAuth;
let idp: IdentityProvider;
let beforeStatement: (sql: string) => void = () => {};
beforeAll(async () => {
  idp = await startIdentityProvider([clientOf('user', 'idp'), clientOf('portal', 'idp')]);
  const shared = { name: 'idp', issuer: idp.issuer, create: true } as const;
  const file = await writeProviders([
    { ...shared, platform: 'user', domains: 'any' },
    {
      ...shared,
      platform: 'portal',
      domains: ['example.com'],
      roles: { claim: 'groups', map: { helpers: 'support' } },
    },
  ]);
  auth = await startTestAuth(
    (database) => ({
      ...mailSettings,
      REVOCATIONS_DATABASE_URL: database.urlOf('signet_verifier'),
      PROVIDERS_FILE: file,
    }),
    { onQuery: (sql) => beforeStatement(sql) },
  );
});
afterAll(async () => {
  await auth.stop();
  await idp.stop();
});
afterEach(() => {
  idp.heal();
  beforeStatement = () => {};
});

const event = 'http://schemas.openid.net/event/backchannel-logout';
let count = 0;
const newPerson = () => {
  count += 1;
  const sub = `person-${count}`;
  return { sub, email: `${sub}@example.com`, email_verified: true, groups: ['helpers'] };
};

describe.each(bothPlatforms)('$platform: the end of a session at a provider', ({ platform, fields }) => {
  const { ask, start, visit, callBack, fragmentOf, goThrough, complete, signIn } = upstreamSteps(
    () => auth,
    platform,
  );
  const clientId = `signet-${platform}-idp`;
  const logout = async (token: string) => {
    const body = new URLSearchParams({ logout_token: token }).toString();
    const answer = await ask({ route: 'backchannelLogout', body });
    return { ...answer, text: answer.body };
  };
  const claimsFor = (more: Record<string, unknown> = {}) => {
    const iat = Math.floor(Date.now() / 1000);
    const jti = crypto.randomUUID();
    return { iss: idp.issuer, aud: clientId, iat, exp: iat + 120, jti, events: { [event]: {} }, ...more };
  };
  const sign = (claims: Record<string, unknown>, header: Record<string, unknown> = {}, key = idp.key()) =>
    new SignJWT(JSON.parse(JSON.stringify(claims)))
      .setProtectedHeader({ alg: 'RS256', kid: key.kid, typ: 'logout+jwt', ...header })
      .sign(key.privateKey);
  const isOver = async (tokens: Tokens | undefined) => {
    const { sid } = decodeJwt(tokens?.accessToken ?? '');
    const [row] = await auth.database.query<{ end_reason: string | null }>(
      `select end_reason from auth.${platform}_session where id = $1`,
      [sid],
    );
    return row?.end_reason ?? 'lives';
  };
  const signInAs = async (person: ReturnType<typeof newPerson>) => {
    const { tokens } = await signIn(idp, person);
    const { sid } = decodeJwt(tokens?.accessToken ?? '');
    const [row] = await auth.database.query<{ upstream_sid: string }>(
      `select upstream_sid from auth.${platform}_session where id = $1`,
      [sid],
    );
    return { tokens: tokens as Tokens, sid: row?.upstream_sid ?? '' };
  };
  const refuses = (token: string) =>
    auth
      .ask(`{ ${fields.list} { id } }`, {}, { token })
      .then(({ body }) => body.errors?.[0]?.extensions.reason);

  it('ends ours within a second, as the provider itself tells it', async () => {
    const ms = await shortestOfThree(1000, async () => {
      const browser = newBrowser();
      const { code, frontend } = await goThrough(idp, newPerson(), { browser });
      const { tokens } = await complete(code, frontend);
      const token = tokens?.accessToken ?? '';
      expect(await refuses(token)).toBeUndefined();
      const heard: number[] = [];
      let told = 0;
      idp.onLogout = async (url, form) => {
        if (!url.pathname.includes(`/${platform}/`)) return 200;
        told = performance.now();
        const { status } = await ask({ route: 'backchannelLogout', body: form.toString() });
        heard.push(status);
        return status;
      };
      await idp.signOut(browser.theirs);
      expect(heard).toEqual([200]);
      expect(await isOver(tokens as Tokens)).toBe('upstream');
      await expect.poll(() => refuses(token), { interval: 5 }).toBe('auth.failure.revoked');
      return performance.now() - told;
    });
    expect(ms).toBeLessThan(1000);
  });

  it('ends the one session, or all of a person, and nobody else’s', async () => {
    const [person, stranger] = [newPerson(), newPerson()];
    const [one, two, other] = [await signInAs(person), await signInAs(person), await signInAs(stranger)];
    expect((await logout(await sign(claimsFor({ sid: one.sid, sub: person.sub })))).status).toBe(200);
    expect([await isOver(one.tokens), await isOver(two.tokens)]).toEqual(['upstream', 'lives']);
    // A session of another person.
    expect((await logout(await sign(claimsFor({ sid: two.sid, sub: stranger.sub })))).status).toBe(200);
    expect(await isOver(two.tokens)).toBe('lives');
    expect((await logout(await sign(claimsFor({ sid: two.sid })))).status).toBe(200);
    expect(await isOver(two.tokens)).toBe('upstream');
    const more = [await signInAs(person), await signInAs(person)];
    expect((await logout(await sign(claimsFor({ sub: person.sub })))).status).toBe(200);
    for (const { tokens } of more) expect(await isOver(tokens)).toBe('upstream');
    expect(await isOver(other.tokens)).toBe('lives');
    // There is nothing left to end, and that is fine.
    expect((await logout(await sign(claimsFor({ sub: person.sub })))).status).toBe(200);
  });

  it('is written down', async () => {
    const person = newPerson();
    const { tokens } = await signInAs(person);
    await logout(await sign(claimsFor({ sub: person.sub })));
    const rows = await auth.database.query(
      `select details, actor_id from auth.audit_event where kind = 'auth.session.ended' and session_id = $1`,
      [decodeJwt(tokens.accessToken).sid],
    );
    expect(rows).toEqual([{ details: { reason: 'upstream', provider: 'idp' }, actor_id: null }]);
  });

  it.each<[string, Record<string, unknown>, Record<string, unknown>?]>([
    ['another issuer', { iss: 'https://id.example.com' }],
    ['another audience', { aud: 'somebody' }],
    ['no time', { iat: undefined }],
    ['a time long ago', { iat: Math.floor(Date.now() / 1000) - 3600, exp: undefined }],
    ['a time to come', { iat: Math.floor(Date.now() / 1000) + 3600, exp: undefined }],
    ['an end that is past', { exp: Math.floor(Date.now() / 1000) - 60 }],
    ['no jti', { jti: undefined }],
    ['no events', { events: undefined }],
    ['another event', { events: { 'http://schemas.openid.net/event/other': {} } }],
    ['an event that is no object', { events: { [event]: true } }],
    ['a nonce, as an ID token has', { nonce: 'x' }],
    ['neither sub nor sid', { sub: undefined }],
    ['a sub that is no text', { sub: 7 }],
    ['the type of an ID token', {}, { typ: 'JWT' }],
    ['no type', {}, { typ: undefined }],
    ['the type of an access token', {}, { typ: 'at+jwt' }],
    ['a key that nobody knows', {}, { kid: 'unknown' }],
    ['no key', {}, { kid: undefined }],
  ])('does nothing with %s', async (_name, claims, header) => {
    const person = newPerson();
    const { tokens } = await signInAs(person);
    const { status, headers, text } = await logout(
      await sign(claimsFor({ sub: person.sub, ...claims }), header),
    );
    expect([status, headers['cache-control']]).toEqual([400, 'no-store']);
    expect(JSON.parse(text).error).toBe('invalid_request');
    expect(await isOver(tokens)).toBe('lives');
  });

  it('does nothing with a signature that is another’s, a MAC, or none', async () => {
    const person = newPerson();
    const { tokens } = await signInAs(person);
    const claims = claimsFor({ sub: person.sub });
    const { privateKey } = await generateKeyPair('RS256');
    const mac = new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'logout+jwt', kid: idp.key().kid })
      .sign(Buffer.from('a secret that only this test has'));
    for (const token of [
      await sign(claims, {}, { privateKey, kid: idp.key().kid }),
      await mac,
      new UnsecuredJWT(claims).encode(),
      'x',
      '',
    ]) {
      expect((await logout(token)).status).toBe(400);
    }
    expect((await ask({ route: 'backchannelLogout', body: '' })).status).toBe(400);
    const twice = `logout_token=${await sign(claims)}&logout_token=${await sign(claims)}`;
    expect((await ask({ route: 'backchannelLogout', body: twice })).status).toBe(400);
    expect(await isOver(tokens)).toBe('lives');
  });

  it('takes a token once, also of many at once', async () => {
    const person = newPerson();
    await signInAs(person);
    const token = await sign(claimsFor({ sub: person.sub }));
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => logout(token)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400]);
    const again = await signInAs(person);
    expect((await logout(token)).status).toBe(400);
    expect(await isOver(again.tokens)).toBe('lives');
  });

  it('also ends a sign-in that is under way', async () => {
    const person = newPerson();
    const { code, frontend } = await goThrough(idp, person);
    expect((await logout(await sign(claimsFor({ sub: person.sub })))).status).toBe(200);
    const { tokens, reason } = await complete(code, frontend);
    expect([tokens, reason]).toEqual([undefined, 'auth.failure.revoked']);
  });

  it('also counts where it was told before the browser came back, of a person and of a session alone', async () => {
    const [person, browser] = [newPerson(), newBrowser()];
    const begin = async () => {
      const frontend = newFrontend();
      idp.person = person;
      const { headers } = await start(browser, frontend);
      return { frontend, url: await visit(idp, browser, headers.location ?? '') };
    };
    const finish = async ({ frontend, url }: Awaited<ReturnType<typeof begin>>) =>
      complete(fragmentOf(await callBack(browser, url)).code, frontend);
    const { tokens } = await finish(await begin());
    const [row] = await auth.database.query<{ upstream_sid: string }>(
      `select upstream_sid from auth.${platform}_session where id = $1`,
      [decodeJwt(tokens?.accessToken ?? '').sid],
    );
    const byPerson = await begin();
    expect((await logout(await sign(claimsFor({ sub: person.sub })))).status).toBe(200);
    expect((await finish(byPerson)).reason).toBe('auth.failure.revoked');
    // One that begins afterwards is another matter. Where the answer of the database took long, it counts as one of before.
    await expect.poll(async () => (await finish(await begin())).tokens).toBeDefined();
    // A session that is over stays over, also for a sign-in that begins later.
    expect((await logout(await sign(claimsFor({ sid: row?.upstream_sid })))).status).toBe(200);
    expect((await finish(await begin())).reason).toBe('auth.failure.revoked');
  });

  it('also counts where the browser comes back to an auth that is slow to reach its database', async () => {
    const [person, browser, frontend] = [newPerson(), newBrowser(), newFrontend()];
    idp.person = person;
    const { headers } = await start(browser, frontend);
    const url = await visit(idp, browser, headers.location ?? '');
    expect((await logout(await sign(claimsFor({ sub: person.sub })))).status).toBe(200);
    let waits = 0;
    beforeStatement = (sql) => {
      if (!sql.startsWith('begin') || waits === 1) return;
      waits += 1;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2000);
    };
    const { code } = fragmentOf(await callBack(browser, url));
    expect(waits).toBe(1);
    expect((await complete(code, frontend)).reason).toBe('auth.failure.revoked');
  });

  it('wins against sign-ins at the same moment, or ends them', async () => {
    for (let round = 0; round < 8; round += 1) {
      const person = newPerson();
      const begun = await goThrough(idp, person);
      const token = await sign(claimsFor({ sub: person.sub }));
      const [{ tokens }] = await Promise.all([complete(begun.code, begun.frontend), logout(token)]);
      if (tokens) expect(await isOver(tokens as Tokens)).toBe('upstream');
    }
  });

  it('of strangers’ tokens asks the provider for nothing', async () => {
    const before = idp.asked.get('/jwks') ?? 0;
    for (let round = 0; round < 5; round += 1)
      await logout(await sign(claimsFor({ sub: 'x' }), { kid: `k${round}` }));
    expect((idp.asked.get('/jwks') ?? 0) - before).toBeLessThanOrEqual(1);
  });
});
