import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLogger, type Logger } from '@signet/service';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { nothingRevoked } from '../revocations/revocation-set.ts';
import { createVerifier, type Verifier } from '../verifier.ts';
import { createConfiguredIssuers } from './configured-issuers.ts';
import type { IssuerListRules } from './issuer-list-faults.ts';
import { issuersSchema } from './issuers-schema.ts';

export type SigningKey = { kid: string; alg: string; privateKey: CryptoKey; jwk: JWK };

/** A key pair as an issuer has it. `jwk` is what its key set shows. */
export async function createSigningKey(kid: string, alg = 'RS256', hasAlg = true): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid, use: 'sig', ...(hasAlg && { alg }) };
  return { kid, alg, privateKey, jwk };
}

/** A token of these claims. `header` replaces fields; `undefined` leaves one out. */
export function signToken(
  { kid, alg, privateKey }: SigningKey,
  claims: Record<string, unknown>,
  header: Record<string, unknown> = {},
): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg, kid, ...header }).sign(privateKey);
}

export type TestServer = { url: string; requests: string[]; close(): Promise<void> };

/** A server on a free port of loopback. */
export async function serve(listener: RequestListener): Promise<TestServer> {
  const requests: string[] = [];
  const server = createServer((req, res) => {
    requests.push(req.url ?? '');
    listener(req, res);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Answers a key set at every path. */
export function serveKeys(...keys: SigningKey[]): Promise<TestServer> {
  return serve((_req, res) => {
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }));
  });
}

export type LogLine = { message: string; fields: Record<string, unknown> };

/** A logger, and what it was given. */
export function createTestLogger(): { logger: Logger; lines: LogLine[] } {
  const logger = createLogger('test', 'silent');
  const lines: LogLine[] = [];
  for (const level of ['warn', 'error'] as const) {
    logger[level] = ((fields: Record<string, unknown>, message: string) => {
      lines.push({ fields, message });
    }) as Logger['warn'];
  }
  return { logger, lines };
}

/** A verifier of a section `issuers`, as the configuration file has it. */
export async function createForeignVerifier(
  section: unknown,
  options: {
    logger?: Logger;
    rules?: IssuerListRules;
    now?: () => Date;
    previous?: Verifier['issuers'];
  } = {},
): Promise<Verifier> {
  const { logger = createTestLogger().logger, rules, now, previous } = options;
  const issuers = await createConfiguredIssuers(issuersSchema.parse(section), {
    logger,
    folder: '/',
    ...(rules && { rules }),
    ...(previous && { previous }),
  });
  return createVerifier({ issuers, revocations: nothingRevoked, ...(now && { now }) });
}

/** `session`, `unavailable`, or the last word of a refusal's reason. */
export async function outcomeOf(verifier: Verifier, token: string): Promise<string> {
  const verification = await verifier.verify(token);
  return verification.kind === 'refused'
    ? verification.reason.replace('auth.failure.', '')
    : verification.kind;
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
