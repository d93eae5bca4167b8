import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CryptoKey,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  type JWK,
  SignJWT,
} from 'jose';

/** The cookies of somebody's browser, by name. */
export type Cookies = Map<string, string>;

/** Somebody who has an account at the provider. Whatever is added here stands in the ID token. */
export type ProviderPerson = { sub: string; [claim: string]: unknown };

type Client = { client_id: string; redirect_uris: string[]; [setting: string]: unknown };

/** Between the provider and whoever asks it. Each is undone by `heal`. */
export type Faults = {
  /** Changes the ID token, which is signed anew with the provider's key. */
  claims?: (claims: Record<string, unknown>) => Record<string, unknown>;
  /** In place of the signature by the provider's key. */
  sign?: (claims: Record<string, unknown>, header: Record<string, unknown>) => string | Promise<string>;
  /** Changes the metadata. */
  metadata?: (metadata: Record<string, unknown>) => Record<string, unknown>;
  /** Paths that are not answered at all. */
  down?: (path: string) => boolean;
  /** Milliseconds before an answer. */
  slowMs?: number;
  /** Answers in its place. */
  answer?: (path: string) => { status: number; headers?: Record<string, string>; body: string } | undefined;
};

/** A real OpenID provider (oidc-provider) behind a layer that injects faults. */
export type IdentityProvider = {
  issuer: string;
  /** Who signs in at it next, without a page; `undefined` declines. */
  person: ProviderPerson | undefined;
  faults: Faults;
  heal(): void;
  /** How often each path was asked for. */
  asked: Map<string, number>;
  /** The forms that came to its token endpoint. */
  tokenForms: URLSearchParams[];
  /** Called with the tokens that it gives. */
  onTokens: ((tokens: { id_token?: string; access_token?: string }) => void) | undefined;
  /** The key with which it signs now. */
  key(): { privateKey: CryptoKey; kid: string };
  /** Another key, and the one before is gone from the key set. */
  rotate(): Promise<void>;
  /**
   * Somebody's browser follows the provider until that sends it back.
   *
   * @param isBack whether a URL is not the provider's any more. @returns that URL.
   */
  visit(location: string, cookies: Cookies, isBack: (url: URL) => boolean): Promise<URL>;
  /** The person signs out at the provider's own page, which tells its clients. */
  signOut(cookies: Cookies): Promise<void>;
  /** Where requests to `backchannel_logout_uri` go. */
  onLogout: ((url: URL, form: URLSearchParams) => Promise<number>) | undefined;
  stop(): Promise<void>;
};

/** The parts of oidc-provider that are used here; it has no types of its own. */
type OidcProvider = {
  callback(): (req: IncomingMessage, res: ServerResponse) => void;
  interactionDetails(
    req: IncomingMessage,
    res: ServerResponse,
  ): Promise<{ params: { client_id: string; scope: string }; prompt: { name: string } }>;
  interactionFinished(req: IncomingMessage, res: ServerResponse, result: object): Promise<void>;
  Grant: new (of: object) => { addOIDCScope(scope: string): void; save(): Promise<string> };
};

export async function startIdentityProvider(
  clients: readonly Client[],
  { alg = 'RS256', port = 0 }: { alg?: 'RS256' | 'ES256'; port?: number } = {},
): Promise<IdentityProvider> {
  const people = new Map<string, ProviderPerson>();
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let { privateKey } = await generateKeyPair(alg, { extractable: true });
  // No two keys have the same name, also not those of two providers, one after the other at the same address.
  const newKid = () => crypto.randomUUID();
  let kid = newKid();
  const jwkOf = async (key: CryptoKey): Promise<JWK> => ({
    ...(await exportJWK(key)),
    kid,
    use: 'sig',
    alg,
  });
  const first = await jwkOf(privateKey);
  const publicJwks = async () => {
    const { kty, n, e, crv, x, y, use } = await jwkOf(privateKey);
    return { keys: [JSON.parse(JSON.stringify({ kty, n, e, crv, x, y, kid, use, alg }))] };
  };
  const self: IdentityProvider = {
    issuer,
    person: undefined,
    faults: {},
    heal() {
      self.faults = {};
    },
    asked: new Map(),
    tokenForms: [],
    key: () => ({ privateKey, kid }),
    async rotate() {
      ({ privateKey } = await generateKeyPair(alg, { extractable: true }));
      kid = newKid();
    },
    onLogout: undefined,
    onTokens: undefined,
    visit: visitProvider,
    signOut: (cookies) => signOutAt(issuer, cookies),
    async stop() {
      for (const one of [server, inner]) {
        one.closeAllConnections();
        one.close();
        await once(one, 'close');
      }
    },
  };
  const { default: Provider } = (await import('oidc-provider' as string)) as {
    default: new (issuer: string, configuration: object) => OidcProvider;
  };
  const provider = new Provider(issuer, {
    clients: clients.map((client) => ({
      grant_types: ['authorization_code'],
      id_token_signed_response_alg: alg,
      require_auth_time: true,
      backchannel_logout_session_required: true,
      ...client,
    })),
    jwks: { keys: [first] },
    cookies: { keys: ['only for a test'] },
    conformIdTokenClaims: false,
    claims: { openid: ['sub', 'email', 'email_verified', 'name', 'groups', 'acr', 'amr', 'more'] },
    scopes: ['openid'],
    pkce: { required: () => true },
    ttl: {
      AccessToken: 600,
      // A test that replays one on a busy machine may come late.
      AuthorizationCode: 600,
      Grant: 600,
      IdToken: 600,
      Interaction: 600,
      Session: 6000,
    },
    interactions: { url: (_ctx: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    findAccount: (_ctx: unknown, accountId: string) => ({
      accountId,
      claims: async () => people.get(accountId) ?? { sub: accountId },
    }),
    features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
    async fetch(address: string | URL, options: { body: URLSearchParams }) {
      const status = (await self.onLogout?.(new URL(address), new URLSearchParams(options.body))) ?? 500;
      return new Response(null, { status });
    },
  });
  const interact = async (req: IncomingMessage, res: ServerResponse) => {
    const { params } = await provider.interactionDetails(req, res);
    if (!self.person) return provider.interactionFinished(req, res, { error: 'access_denied' });
    const { sub } = self.person;
    people.set(sub, self.person);
    const grant = new provider.Grant({ accountId: sub, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    const { acr, amr } = self.person;
    return provider.interactionFinished(req, res, {
      login: { accountId: sub, ...(acr !== undefined && { acr }), ...(amr !== undefined && { amr }) },
      consent: { grantId: await grant.save() },
    });
  };
  const answerAsProvider = provider.callback();
  const inner = createServer((req, res) => {
    if (!req.url?.startsWith('/interaction/')) return answerAsProvider(req, res);
    interact(req, res).catch((error: unknown) => res.writeHead(500).end(String(error)));
  });
  inner.listen(0, '127.0.0.1');
  await once(inner, 'listening');
  const innerPort = (inner.address() as AddressInfo).port;

  server.on('request', (req: IncomingMessage, res: ServerResponse) => {
    pass(req, res).catch(() => res.destroy());
  });

  const pass = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const { pathname: path } = new URL(req.url ?? '/', issuer);
    self.asked.set(path, (self.asked.get(path) ?? 0) + 1);
    const { down, slowMs, answer, metadata } = self.faults;
    if (down?.(path)) return void res.destroy();
    if (slowMs !== undefined) await sleep(slowMs, undefined, { ref: false });
    const instead = answer?.(path);
    if (instead) return void res.writeHead(instead.status, instead.headers).end(instead.body);
    const sent = await readAll(req);
    if (path === '/token') self.tokenForms.push(new URLSearchParams(sent.toString()));
    const { status, headers, body } = await forward(innerPort, req, sent);
    let text = body;
    if (path === '/.well-known/openid-configuration' && metadata) {
      text = Buffer.from(JSON.stringify(metadata(JSON.parse(body.toString()))));
    }
    if (path === '/jwks') text = Buffer.from(JSON.stringify(await publicJwks()));
    if (path === '/token' && status === 200) {
      const tokens = await signAnew(JSON.parse(body.toString()));
      self.onTokens?.(tokens);
      text = Buffer.from(JSON.stringify(tokens));
    }
    delete headers['content-length'];
    res.writeHead(status, headers).end(text);
  };

  const signAnew = async (tokens: { id_token?: string }) => {
    const { id_token: token } = tokens;
    if (token === undefined) return tokens;
    const claims = (self.faults.claims ?? ((same) => same))(decodeJwt(token));
    const header = { ...decodeProtectedHeader(token), kid };
    const signed = self.faults.sign
      ? await self.faults.sign(claims, header)
      : await new SignJWT(claims).setProtectedHeader({ ...header, alg }).sign(privateKey);
    return { ...tokens, id_token: signed };
  };
  return self;
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function forward(port: number, req: IncomingMessage, body: Buffer) {
  const sent = request({ host: '127.0.0.1', port, method: req.method, path: req.url, headers: req.headers });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const headers: Record<string, string | string[] | undefined> = { ...answer.headers };
  delete headers['transfer-encoding'];
  return { status: answer.statusCode ?? 500, headers, body: await readAll(answer) };
}

export function cookieHeaderOf(cookies: Cookies): string {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
}

/** Keeps what Set-Cookie lines say. */
export function keepCookies(cookies: Cookies, lines: readonly string[]): void {
  for (const line of lines) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (value === '') cookies.delete(name);
    else cookies.set(name, value);
  }
}

async function visitProvider(
  location: string,
  cookies: Cookies,
  isBack: (url: URL) => boolean,
): Promise<URL> {
  let url = new URL(location);
  for (let steps = 0; steps < 8; steps += 1) {
    if (isBack(url)) return url;
    const response = await fetch(url, { redirect: 'manual', headers: { cookie: cookieHeaderOf(cookies) } });
    keepCookies(cookies, response.headers.getSetCookie());
    const next = response.headers.get('location');
    if (next === null) throw new Error(`the provider answered ${response.status}: ${await response.text()}`);
    url = new URL(next, url);
  }
  throw new Error('the provider sends the browser in circles');
}

/** The page of oidc-provider asks whether one means it. */
async function signOutAt(issuer: string, cookies: Cookies): Promise<void> {
  const page = await fetch(`${issuer}/session/end`, { headers: { cookie: cookieHeaderOf(cookies) } });
  const xsrf = /name="xsrf" value="(\w+)"/.exec(await page.text())?.[1] ?? '';
  keepCookies(cookies, page.headers.getSetCookie());
  const body = new URLSearchParams({ xsrf, logout: 'yes' });
  const headers = { cookie: cookieHeaderOf(cookies) };
  await fetch(`${issuer}/session/end/confirm`, { method: 'POST', redirect: 'manual', headers, body });
}
