import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { type Attack, type Reply, shorten, type Target, wonUnlessRefused } from '@signet/testing/attack';
import { createForgery, writeToken } from './forge-token.ts';

/** The provider that `signet smoke` uses too. Where the platform has none of the name, its routes must not be there. */
const route = '/oauth/user/smoke';
const evil = 'https://evil.example';

const random = () => randomBytes(32).toString('base64url');
const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url');

function start({ user }: Target, more: Record<string, string> = {}): Promise<Reply> {
  const query = { code_challenge: challengeOf(random()), code_challenge_method: 'S256', ...more };
  return user.send(`${route}/start?${new URLSearchParams(query)}`);
}

function callBack({ user }: Target, query: Record<string, string>, cookie?: string): Promise<Reply> {
  const headers = cookie === undefined ? {} : { cookie };
  return user.send(`${route}/callback?${new URLSearchParams(query)}`, { headers });
}

/** A sign-in that the attacker began in their own browser. Undefined where no provider of the name answers. */
async function begin(target: Target): Promise<{ state: string; cookie: string } | undefined> {
  const { status, headers } = await start(target);
  const state = URL.parse(headers.get('location') ?? '')?.searchParams.get('state') ?? undefined;
  if (status !== 303 || state === undefined) return undefined;
  const [line = ''] = headers.getSetCookie();
  return { state, cookie: line.split(';')[0] as string };
}

/** Sent on with anything but an error, or not refused at all. */
function wonUnlessFailed(reply: Reply): string | undefined {
  const location = reply.headers.get('location');
  if (location === null) return wonUnlessRefused(reply);
  const { hash } = new URL(location);
  return new URLSearchParams(hash.slice(1)).has('error') ? undefined : `sent to ${shorten(location)}`;
}

/** Not even sent back to the application: the request is none of a sign-in. */
function wonUnlessStopped(reply: Reply): string | undefined {
  return reply.headers.get('location') === null
    ? wonUnlessRefused(reply)
    : `sent to ${shorten(String(reply.headers.get('location')))}`;
}

const firstOf = async <T>(list: readonly T[], tryOne: (one: T) => Promise<string | undefined>) => {
  for (const one of list) {
    const won = await tryOne(one);
    if (won !== undefined) return `${String(one)}: ${won}`;
  }
  return undefined;
};

/** What a stranger can try at the routes of an identity provider, without being the provider. */
export const upstreamAttacks: readonly Attack[] = [
  {
    name: 'upstream: foreign return address',
    tried: 'sign-ins that end at a page of the attacker',
    run: (target) =>
      firstOf(
        [
          `${evil}/`,
          '//evil.example',
          `http://localhost:5173@evil.example/`,
          `http://localhost:5173.evil.example/`,
          `http://localhost:5173\\@evil.example/`,
          `http://localhost:5173/#${evil}`,
          'javascript:alert(1)//http://localhost:5173',
          `http://evil.example:5173/`,
        ],
        async (return_to) => wonUnlessStopped(await start(target, { return_to })),
      ),
  },
  {
    name: 'upstream: weak challenge',
    tried: 'sign-ins without PKCE, or with the challenge in plain text',
    run: (target) =>
      firstOf(
        [
          { code_challenge_method: 'plain' },
          { code_challenge_method: '' },
          { code_challenge: '' },
          { code_challenge: 'short' },
        ].map((change) => JSON.stringify(change)),
        async (change) => wonUnlessStopped(await start(target, JSON.parse(change))),
      ),
  },
  {
    name: 'upstream: invented state',
    tried: 'callbacks with states that nobody gave',
    run: (target) =>
      firstOf(['', 'x', random(), `${random()}${random()}${random()}${random()}`], async (state) =>
        wonUnlessStopped(
          await callBack(target, { code: random(), state }, `__Host-signet-user-upstream=${random()}`),
        ),
      ),
  },
  {
    name: 'upstream: another browser',
    tried: "a state that was begun elsewhere, without that browser's cookie",
    async run(target) {
      const begun = await begin(target);
      const state = begun?.state ?? random();
      for (const cookie of [
        undefined,
        `__Host-signet-user-upstream=${random()}`,
        '__Host-signet-user-upstream=',
      ]) {
        const won = wonUnlessStopped(await callBack(target, { code: random(), state }, cookie));
        if (won !== undefined) return won;
      }
      const { portal } = target;
      const query = new URLSearchParams({ code: random(), state });
      const headers = { cookie: begun?.cookie ?? '' };
      return wonUnlessStopped(await portal.send(`/oauth/portal/smoke/callback?${query}`, { headers }));
    },
  },
  {
    name: 'upstream: replayed callback',
    tried: 'a callback with a code that the provider never gave, and the same once more',
    async run(target) {
      const begun = await begin(target);
      const ask = () =>
        callBack(target, { code: random(), state: begun?.state ?? random() }, begun?.cookie ?? 'x=1');
      return wonUnlessFailed(await ask()) ?? wonUnlessStopped(await ask());
    },
  },
  {
    name: 'upstream: error that the attacker writes',
    tried: 'a callback whose error is a text of the attacker',
    async run(target) {
      const begun = await begin(target);
      const text = '<script>alert(1)</script>';
      const query = {
        state: begun?.state ?? random(),
        error: text,
        error_description: text,
        error_uri: evil,
      };
      const reply = await callBack(target, query, begun?.cookie ?? 'x=1');
      const shown = `${reply.headers.get('location') ?? ''}${reply.text}`;
      return decodeURIComponent(shown).includes(text) ? `shown: ${shorten(shown)}` : wonUnlessFailed(reply);
    },
  },
  {
    name: 'upstream: forged logout',
    tried: "a logout token with the attacker's key, with none, and without a signature",
    async run({ user }) {
      const iat = Math.floor(Date.now() / 1000);
      const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
      const claims = {
        iss: 'https://id.example',
        aud: 'smoke',
        sub: 'x',
        iat,
        exp: iat + 60,
        jti: randomUUID(),
        events,
      };
      const { sign } = createForgery();
      const header = { alg: 'RS256', typ: 'logout+jwt', kid: 'x' };
      for (const logout_token of [
        writeToken(header, claims, sign),
        writeToken({ ...header, alg: 'none' }, claims, ''),
        'x',
        '',
      ]) {
        const won = wonUnlessRefused(
          await user.send(`${route}/backchannel-logout`, {
            method: 'POST',
            headers: { 'content-type': 'application/x-www-form-urlencoded' },
            body: String(new URLSearchParams({ logout_token })),
          }),
        );
        if (won !== undefined) return won;
      }
      return undefined;
    },
  },
  {
    name: 'upstream: invented code',
    tried: 'to complete sign-ins with codes that nobody gave, on both platforms',
    run: ({ graph }) =>
      firstOf(['completeUpstreamSignIn', 'completePortalUpstreamSignIn'], async (field) => {
        const mutation = `mutation ($i: UpstreamSignInInput!) { ${field}(input: $i) { accessToken } }`;
        const variables = { i: { code: random(), verifier: random() } };
        return wonUnlessRefused(await graph.ask(mutation, { variables }));
      }),
  },
];
