import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type SmokeProvider = {
  variables: { PROVIDERS_FILE: string };
  /** Where the provider is to listen, and what it knows us by. */
  port: number;
  client: { client_id: string; client_secret: string; redirect_uris: string[] };
  remove(): Promise<void>;
};

/** The entry of an identity provider that `signet smoke` starts while it walks. */
export async function writeSmokeProvider(): Promise<SmokeProvider> {
  const folder = await mkdtemp(join(tmpdir(), 'signet-smoke-'));
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const secret = randomBytes(32).toString('base64url');
  const callbackUrl = 'http://127.0.0.1/oauth/user/smoke/callback';
  await writeFile(join(folder, 'secret'), secret, { mode: 0o600 });
  const path = join(folder, 'providers.yaml');
  await writeFile(
    path,
    `providers:
  - name: smoke
    platform: user
    tenant: demo
    issuer: http://127.0.0.1:${port}
    clientId: smoke
    clientSecretFile: secret
    domains: [example.com]
    create: true
    stepUp: true
    networks: [127.0.0.0/8]
    callbackUrl: ${callbackUrl}
    returnOrigins: [http://localhost:5173]
`,
  );
  return {
    variables: { PROVIDERS_FILE: path },
    port,
    client: { client_id: 'smoke', client_secret: secret, redirect_uris: [callbackUrl] },
    remove: () => rm(folder, { recursive: true }),
  };
}
