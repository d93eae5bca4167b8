import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { IssuerSettings } from '../issuer.ts';
import { type GatewayAdapter, GatewayMissing } from './gateway.ts';

const ownMain = join(import.meta.dirname, '../../../../gateway/main.mjs');

/** This repository's gateway, or @signet/gateway where the caller has installed it. By docs/any-supergraph.md. */
export function createSignetAdapter(): GatewayAdapter {
  const main = findGateway();
  return {
    title: 'Signet',
    process: ({ port, supergraphFile, issuer, folder, graph }) => {
      const issuersFile = join(folder, `issuers-${graph}.json`);
      writeFileSync(issuersFile, JSON.stringify({ issuers: [describeIssuer(issuer)] }));
      return {
        command: process.execPath,
        args: [main],
        path: '/graphql',
        env: {
          PORT: String(port),
          SUPERGRAPH_FILE: supergraphFile,
          PROOF: 'off',
          // The directives' own specification leaves a field without a rule open.
          DEFAULT_ACCESS: 'public',
          ISSUERS_FILE: issuersFile,
          LOG_LEVEL: 'warn',
        },
      };
    },
  };
}

function describeIssuer({ issuer, audience, jwksUrl, algorithm }: IssuerSettings) {
  return {
    issuer,
    audience,
    platform: 'user',
    jwks: jwksUrl,
    algorithms: [algorithm],
    claims: { policies: 'policies' },
    revocations: 'none',
  };
}

function findGateway(): string {
  if (existsSync(ownMain)) return ownMain;
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    const command = join(folder, 'node_modules/.bin/signet-gateway');
    if (existsSync(command)) return command;
    if (folder === dirname(folder)) break;
  }
  throw new GatewayMissing('is not installed here: npm install @signet/gateway');
}
