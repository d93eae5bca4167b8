import { randomBytes, randomUUID } from 'node:crypto';
import { type Attack, type Reply, shorten, type Target, wonUnlessRefused } from '@signet/testing/attack';
import { createForgery, readToken, writeToken } from './forge-token.ts';

type Kind =
  | 'access token of a customer'
  | 'access token of staff'
  | 'refresh token of a customer'
  | 'refresh token of staff'
  | 'device token'
  | 'random bits, as links, challenges, grants, codes and states are'
  | 'ID token of a provider'
  | "assertion with the attacker's key";

/** What a stranger has in hand, each of a session that nothing else uses. */
async function holdSecrets({ graph, accounts, signIn }: Target): Promise<Record<Kind, string>> {
  const customer = await signIn('login', accounts.other);
  const staff = await signIn('portalLogin', accounts.staff);
  const login = 'mutation ($i: LoginInput!) { login(input: $i) { deviceToken } }';
  const input = { email: accounts.other, password: accounts.password };
  const known = await graph.ask(login, { variables: { i: input } });
  const { deviceToken } = (known.body?.data?.login ?? {}) as { deviceToken?: string };
  const { header, claims } = readToken(customer.accessToken);
  const { sign } = createForgery();
  const iat = Math.floor(Date.now() / 1000);
  const times = { iat, exp: iat + 120, jti: randomUUID() };
  const id = randomUUID();
  return {
    'access token of a customer': customer.accessToken,
    'access token of staff': staff.accessToken,
    'refresh token of a customer': customer.refreshToken,
    'refresh token of staff': staff.refreshToken,
    'device token': deviceToken ?? '',
    'random bits, as links, challenges, grants, codes and states are': randomBytes(32).toString('base64url'),
    'ID token of a provider': writeToken(
      { ...header, typ: 'JWT' },
      { iss: claims.iss, sub: claims.sub, aud: 'signet', nonce: 'n', ...times },
      sign,
    ),
    "assertion with the attacker's key": writeToken(
      { ...header, typ: 'JWT' },
      { iss: id, sub: id, aud: claims.iss, ...times },
      sign,
    ),
  };
}

type Place = { name: string; fits: readonly Kind[]; present(target: Target, text: string): Promise<Reply> };

const bearers: readonly Place[] = (
  [
    ['graph', ['access token of a customer', 'access token of staff']],
    ['user', ['access token of a customer']],
    ['portal', ['access token of staff']],
  ] as const
).map(([entrance, fits]) => ({
  name: `bearer at ${entrance}`,
  fits,
  present: (target, token) => target[entrance].ask('{ __typename }', { token }),
}));

const byInput = (field: string, { type, input, selection = '', fits = [] }: Described): Place => ({
  name: field,
  fits,
  present: ({ graph }, text) =>
    graph.ask(`mutation ($i: ${type}!) { ${field}(input: $i) ${selection} }`, {
      variables: { i: input(text) },
    }),
});
type Described = {
  type: string;
  input(text: string): Record<string, unknown>;
  selection?: string;
  fits?: readonly Kind[];
};

const newPassword = 'twelve blue plums in a boat';
const payload = '{ accessToken }';
const inputs: readonly Place[] = (['', 'Portal'] as const).flatMap((infix) => {
  const isUser = infix === '';
  const [refresh, logout] = isUser ? ['refresh', 'logout'] : ['portalRefresh', 'portalLogout'];
  const fits: Kind[] = [isUser ? 'refresh token of a customer' : 'refresh token of staff'];
  const refreshToken = (text: string) => ({ refreshToken: text });
  const token = (text: string) => ({ token: text });
  return [
    byInput(refresh as string, { type: 'RefreshInput', input: refreshToken, selection: payload, fits }),
    byInput(logout as string, { type: 'LogoutInput', input: refreshToken, fits }),
    byInput(`verify${infix}Email`, { type: 'VerifyEmailInput', input: token, selection: '{ verified }' }),
    byInput(`confirm${infix}Email`, { type: 'ConfirmEmailInput', input: token, selection: '{ verified }' }),
    byInput(`undo${infix}Email`, { type: 'UndoEmailInput', input: token }),
    byInput(`reset${infix}Password`, {
      type: 'ResetPasswordInput',
      input: (text) => ({ token: text, newPassword }),
      selection: '{ endedSessions }',
    }),
    byInput(`complete${infix}Challenge`, {
      type: 'CompleteChallengeInput',
      input: (id) => ({ id, totp: '000000' }),
      selection: payload,
    }),
  ];
});

const invitation = byInput('acceptInvitation', {
  type: 'AcceptInvitationInput',
  input: (text) => ({ token: text, password: newPassword }),
  selection: payload,
});

/** A service's: nobody outside has one. */
const endpoints: readonly Place[] = (['user', 'portal'] as const).flatMap((platform) => {
  const post = (target: Target, route: string, form: Record<string, string>) =>
    target[platform].send(`/oauth/${platform}/${route}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: String(new URLSearchParams(form)),
    });
  const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
  const grant_type = 'client_credentials';
  return [
    {
      name: `client_assertion at ${platform}`,
      fits: [],
      present: (target, client_assertion) =>
        post(target, 'token', { grant_type, client_assertion_type, client_assertion }),
    },
    {
      name: `client_secret at ${platform}`,
      fits: [],
      present: (target, client_secret) =>
        post(target, 'token', { grant_type, client_id: randomUUID(), client_secret }),
    },
    ...['introspect', 'revoke'].map(
      (route): Place => ({
        name: `${route} at ${platform}, with it as token and assertion`,
        fits: [],
        present: (target, token) =>
          post(target, route, { token, client_assertion_type, client_assertion: token }),
      }),
    ),
  ];
});

/** The table of confusions from outside: each kind of token or secret that a stranger can have, at each place that takes another one. */
export const confusionAttacks: readonly Attack[] = [...bearers, ...inputs, invitation, ...endpoints].map(
  ({ name, fits, present }) => ({
    name: `confused: ${name}`,
    tried: 'every token and secret that is meant for another place',
    async run(target) {
      for (const [kind, text] of Object.entries(await secretsOf(target))) {
        if ((fits as readonly string[]).includes(kind)) continue;
        const reply = await present(target, text);
        const won = wonUnlessRefused(reply);
        if (won !== undefined) return `the ${kind}: ${shorten(won)}`;
      }
      return undefined;
    },
  }),
);

const held = new WeakMap<Target, Promise<Record<Kind, string>>>();

/** The same for all places: none of them may use one up either. */
function secretsOf(target: Target): Promise<Record<Kind, string>> {
  const known = held.get(target) ?? holdSecrets(target);
  held.set(target, known);
  return known;
}
