import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import {
  createProofIdentity,
  createProofSet,
  type ProofKeyFile,
  proofPathsOf,
  readSignedMessage,
  type VerifiedProof,
  writeProofSet,
} from '@signet/proof';
import {
  createLogger,
  type Logger,
  loadConfig,
  parseSignetContext,
  type RunningServer,
  type SignetContext,
} from '@signet/service';
import { signerConfigSchema } from './signer-config.ts';
import { startSigner } from './start-signer.ts';

export const secret = 'a-secret-of-the-router-and-its-signer';

/** What reached a subgraph. `proof` is undefined where it would refuse it. */
export type Received = {
  process: string;
  proof: VerifiedProof | undefined;
  context: SignetContext | undefined;
  url: string;
  headers: IncomingMessage['headers'];
  rawHeaders: string[];
  body: string;
};

export type SubgraphAnswer = {
  status: number;
  body: string;
  headers: Record<string, string>;
  delayMs?: number;
};

/** A signer before two subgraphs that verify what they get. */
export type SignerBench = {
  url: string;
  port: number;
  received: Received[];
  /** Lines of the log, of the level warn and above. */
  logged: { level: string; fields: Record<string, unknown>; text: string }[];
  /** What the subgraphs answer next. */
  answer: SubgraphAnswer;
  proofFolder: string;
  /** Posts a fetch as the router does. */
  post(
    path: string,
    options?: { body?: string | Buffer; headers?: Record<string, string> },
  ): Promise<Response>;
  reset(): void;
  stop(): Promise<void>;
};

const usual: SubgraphAnswer = {
  status: 200,
  body: '{"data":{"it":1}}',
  headers: { 'content-type': 'application/json' },
};

/** Starts one for the entrance `user`. `env` adds to its settings, `processes` are the names in SUBGRAPH_URLS. */
export async function startSignerBench(
  env: Record<string, string> = {},
  processes: readonly string[] = ['catalog', 'orders'],
): Promise<SignerBench> {
  const set = createProofSet();
  const folder = mkdtempSync(join(tmpdir(), 'signet-signer-'));
  const proofFolder = join(folder, 'proof');
  writeProofSet(proofFolder, set);
  const received: Received[] = [];
  const logged: SignerBench['logged'] = [];
  const servers: Server[] = [];
  const urls: string[] = [];
  const bench = { received, logged, answer: usual, proofFolder } as SignerBench;
  for (const process of processes) {
    const { verifier } = createProofIdentity({
      name: process,
      keys: set.keyFiles[process] as ProofKeyFile,
      peers: set.peers,
    });
    const server = createServer(async (req, res) => {
      // The health check that follows a fault.
      if (req.url === '/health/live') return void res.end();
      const bytes = await buffer(req);
      received.push({
        process,
        ...readProof(() => verifier.verify(readSignedMessage(req, bytes))),
        context: parseSignetContext(String(req.headers['signet-context'])),
        url: String(req.url),
        headers: req.headers,
        rawHeaders: req.rawHeaders,
        body: bytes.toString(),
      });
      const { status, headers, body, delayMs = 0 } = bench.answer;
      setTimeout(() => res.writeHead(status, headers).end(body), delayMs);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    servers.push(server);
    urls.push(`${process}=http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`);
  }
  const { keyFile, peersFile } = proofPathsOf(proofFolder, 'gateway-user');
  const config = loadConfig(signerConfigSchema, {
    PORT: '0',
    SIGNER_ENTRANCE: 'user',
    SIGNER_SECRET: secret,
    SUBGRAPH_URLS: urls.join(','),
    PROOF_KEY_FILE: keyFile,
    PROOF_PEERS_FILE: peersFile,
    ...env,
  });
  const logger = createLogger('test', 'silent');
  const tell = (level: string) => (fields: Record<string, unknown>, text: string) =>
    void logged.push({ level, fields, text });
  const signer: RunningServer = await startSigner(
    config,
    Object.assign(Object.create(logger), { warn: tell('warn'), error: tell('error') }) as Logger,
  );
  return Object.assign(bench, {
    url: signer.url,
    port: Number(new URL(signer.url).port),
    post: (path: string, { body = '{"query":"{ it }"}', headers = {} } = {}) =>
      fetch(signer.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'signet-signer': secret, ...headers },
        body,
      }),
    reset() {
      received.length = 0;
      logged.length = 0;
      bench.answer = usual;
    },
    async stop() {
      await signer.stop();
      for (const server of servers) server.close().closeAllConnections();
      rmSync(folder, { recursive: true, force: true });
    },
  } satisfies Partial<SignerBench>);
}

function readProof(verify: () => VerifiedProof): { proof: VerifiedProof | undefined } {
  try {
    return { proof: verify() };
  } catch {
    return { proof: undefined };
  }
}
