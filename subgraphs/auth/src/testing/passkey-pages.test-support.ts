import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { GraphqlAnswer } from '@signet/testing';
import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import type { TestAuth } from './auth.test-support.ts';

const bundle = fileURLToPath(
  new URL('../dist/bundle/index.umd.min.js', import.meta.resolve('@simplewebauthn/browser')),
);

/** A sign-in page as an app has it: with the field that offers passkeys, and what asks the browser for them. */
const page = `<!doctype html>
<title>Sign in</title>
<form><input name="email" autocomplete="username webauthn"></form>
<script src="/webauthn.js"></script>
<script>
  const { startRegistration, startAuthentication } = SimpleWebAuthnBrowser;
  async function ask(query, variables, token) {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: 'Bearer ' + token }) };
    const response = await fetch('/graphql', { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
    return { status: response.status, body: await response.json() };
  }
  const create = (optionsJSON) => startRegistration({ optionsJSON });
  const get = (optionsJSON) => startAuthentication({ optionsJSON });
  const autofill = (optionsJSON) => startAuthentication({ optionsJSON, useBrowserAutofill: true });
  // The same without a library, as docs/accounts.md has it.
  async function createPlain(options) {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    return (await navigator.credentials.create({ publicKey })).toJSON();
  }
  async function getPlain(options, mediation) {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
    return (await navigator.credentials.get({ publicKey, ...(mediation && { mediation }) })).toJSON();
  }
</script>`;

export type PasskeyPages = { origin: string; port: number; stop(): Promise<void> };

/**
 * Serves that page at a port of localhost, and passes its operations on to auth as a gateway does: signed.
 *
 * @param auth of which `/graphql` is answered; may start later than the pages, whose origin it must know.
 */
export async function startPasskeyPages(auth: () => TestAuth): Promise<PasskeyPages> {
  const server = createServer((req, res) => {
    answer(auth, req, res).catch((error: unknown) => res.writeHead(500).end(String(error)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://localhost:${port}`,
    port,
    async stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function answer(auth: () => TestAuth, req: IncomingMessage, res: ServerResponse): Promise<void> {
  if (req.url === '/webauthn.js') {
    res.setHeader('content-type', 'text/javascript').end(await readFile(bundle));
  } else if (req.url === '/graphql') {
    const sent = await req.toArray();
    const { query, variables } = JSON.parse(Buffer.concat(sent).toString());
    const token = req.headers.authorization?.replace('Bearer ', '');
    const { status, body } = await auth().ask(query, variables, { ...(token !== undefined && { token }) });
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  } else res.setHeader('content-type', 'text/html').end(page);
}

type PageFunction = 'create' | 'get' | 'autofill' | 'createPlain' | 'getPlain';

/** A browser's tab with an authenticator of its own. */
export type PasskeyTab = {
  /** What the page says to auth, as `TestAuth.ask` does. */
  ask: TestAuth['ask'];
  /** Rejects with the browser's error, such as NotAllowedError. */
  run(name: PageFunction, ...args: unknown[]): Promise<Record<string, unknown>>;
  page: Page;
  /** Chromium's WebAuthn domain, for this authenticator. */
  tell(command: AuthenticatorCommand, params?: object): Promise<Record<string, unknown>>;
};
type AuthenticatorCommand =
  | 'setUserVerified'
  | 'setAutomaticPresenceSimulation'
  | 'getCredentials'
  | 'addCredential'
  | 'clearCredentials';

/** Opens a page in a tab with a virtual authenticator, that keeps passkeys and checks who uses it. */
export async function openPasskeyTab(
  context: BrowserContext,
  { origin }: PasskeyPages,
  options: object = {},
): Promise<PasskeyTab> {
  const tab = await context.newPage();
  const session: CDPSession = await context.newCDPSession(tab);
  await session.send('WebAuthn.enable', { enableUI: false });
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      ...options,
    },
  });
  await tab.goto(origin);
  const call = (name: string, args: unknown[]) =>
    tab.evaluate(`${name}(${args.map((value) => JSON.stringify(value) ?? 'undefined').join(', ')})`);
  return {
    page: tab,
    run: (name, ...args) => call(name, args) as Promise<Record<string, unknown>>,
    async ask(query, variables = {}, sender = {}) {
      const answered = (await call('ask', [query, variables, sender.token])) as GraphqlAnswer;
      return { ...answered, headers: new Headers() };
    },
    tell: (command, params = {}) =>
      session.send(`WebAuthn.${command}`, { authenticatorId, ...params } as never) as Promise<
        Record<string, unknown>
      >,
  };
}
