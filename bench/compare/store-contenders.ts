import { join } from 'node:path';
import { peersFolder } from './install-peers.ts';

/** What a contender is started with. All of it is on this machine. */
export type StoreSetting = {
  port: number;
  supergraphFile: string;
  /** The same with a rule at every type: only with a valid token. */
  guardedSupergraphFile: string;
  /** The proof keys of the gateway, and of the subgraphs, which do not look at them. */
  proof: { keyFile: string; peersFile: string };
  /** What Grafbase composes the subgraphs by. */
  grafbaseFile: string;
  /** URLs by name of the subgraph. */
  subgraphs: Readonly<Record<string, string>>;
  issuer: { url: string; audience: string; tokenIssuer: string; jwksFile: string; jwksUrl: string };
};

export type StoreContender = {
  name: string;
  /** What it checks, as the table says it. */
  checks: string;
  /** Answers the operations that one subgraph can answer alone. */
  isFloor?: boolean;
  takesNoToken?: boolean;
  /** Refuses whoever has no token. */
  hasRules?: boolean;
  command(setting: StoreSetting): { arguments: readonly string[]; env: Record<string, string>; cwd?: string };
};

const node = process.execPath;
const peer = (script: string) => [node, join(peersFolder, script)];
const root = join(import.meta.dirname, '../..');

const tokenEnv = ({ issuer }: StoreSetting) => ({
  JWKS_FILE: issuer.jwksFile,
  ISSUER: issuer.tokenIssuer,
  AUDIENCE: issuer.audience,
});
const peerEnv = (setting: StoreSetting) => ({
  NODE_ENV: 'production',
  PORT: String(setting.port),
  SUPERGRAPH: setting.supergraphFile,
  ...tokenEnv(setting),
});

/** What the others are compared to. */
export const stockName = '@apollo/gateway';

const hive = (name: string, env: Record<string, string>): StoreContender => ({
  name,
  checks: 'token',
  command: (setting) => ({
    arguments: [
      node,
      join(peersFolder, 'node_modules/.bin/hive-gateway'),
      '--config-path',
      'hive-gateway.config.mjs',
      'supergraph',
    ],
    env: { ...peerEnv(setting), ...env },
    cwd: peersFolder,
  }),
});

export const storeContenders: readonly StoreContender[] = [
  {
    name: stockName,
    checks: 'token',
    command: (setting) => ({ arguments: peer('stock-gateway.mjs'), env: peerEnv(setting) }),
  },
  {
    name: 'Signet',
    checks: 'token, limits',
    command: (setting) => ({ arguments: [node, join(root, 'gateway/main.mjs')], env: signetEnv(setting) }),
  },
  {
    name: 'Signet, everything on',
    checks: 'token, limits, access rules; signs each fetch',
    hasRules: true,
    command: (setting) => ({
      arguments: [node, join(root, 'gateway/main.mjs')],
      env: {
        ...signetEnv(setting),
        SUPERGRAPH_FILE: setting.guardedSupergraphFile,
        ACCESS: 'on',
        PROOF: 'on',
        GRAPH_PROOF_KEY_FILE: setting.proof.keyFile,
        PROOF_PEERS_FILE: setting.proof.peersFile,
      },
    }),
  },
  hive('Hive Gateway', {}),
  hive('Hive Gateway, Rust planner', { RUST_PLANNER: 'yes' }),
  {
    name: 'Mercurius, JIT',
    checks: 'token',
    command: (setting) => ({
      arguments: peer('mercurius-gateway.mjs'),
      env: { ...peerEnv(setting), SUBGRAPHS: JSON.stringify(setting.subgraphs) },
    }),
  },
  {
    name: 'Grafbase (Rust)',
    checks: 'nothing',
    takesNoToken: true,
    command: (setting) => ({
      arguments: [
        join(peersFolder, 'node_modules/@grafbase/cli-x86_64-unknown-linux-musl/grafbase'),
        'dev',
        '--config',
        setting.grafbaseFile,
        '--listen-address',
        `127.0.0.1:${setting.port}`,
      ],
      env: {},
    }),
  },
  {
    name: 'floor: a proxy',
    checks: 'nothing',
    isFloor: true,
    takesNoToken: true,
    command: (setting) => ({
      arguments: peer('floor.mjs'),
      env: { PORT: String(setting.port), SUBGRAPH: setting.subgraphs.accounts ?? '' },
    }),
  },
];

/** Signet serves the supergraph by configuration alone (docs/any-supergraph.md). */
export function signetEnv({ port, supergraphFile, issuer }: StoreSetting): Record<string, string> {
  return {
    NODE_ENV: 'production',
    PORT: String(port),
    SUPERGRAPH_FILE: supergraphFile,
    ISSUER_URL: issuer.url,
    USER_JWKS_URL: issuer.jwksUrl,
    ACCESS: 'off',
    ACCESS_OFF_IN_PRODUCTION: 'yes',
    PROOF: 'off',
    PROOF_OFF_IN_PRODUCTION: 'yes',
    REVOCATIONS_OFF_IN_PRODUCTION: 'yes',
    // Of lists without a size the estimate is high: the nested query comes to 24,420 points.
    LIMIT_COST: '50000',
    LOG_LEVEL: 'info',
  };
}
