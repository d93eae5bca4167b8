import { readFileSync } from 'node:fs';
import { createProofIdentity, type ProofEntrance, type ProofMessage, proofPathsOf } from '@signet/proof';
import { formatSignetContext, type SignetContext, signetContextHeader, withTimeout } from '@signet/service';
import { inject } from 'vitest';
import './global-setup.ts';
import { type GraphqlAnswer, type GraphqlRequest, readGraphqlAnswer } from './post-graphql.ts';

/** Who asks, as a gateway tells a subgraph. */
export type SignedSender = {
  token?: string | undefined;
  cookie?: string;
  /** What the gateway says of the client, beside the entrance and whether there is a token. */
  context?: Partial<SignetContext>;
};

/** Sends to one subgraph as an entrance of a gateway does: signed, with a Signet-Context. */
export type TestGateway = {
  post(url: string, request: GraphqlRequest, sender?: SignedSender): Promise<GraphqlAnswer>;
  /** The headers of a signed request, for tests that send something else than was signed. */
  headersOf(message: SignedMessage): Record<string, string>;
};

export type SignedMessage = SignedSender & { url: string; body: string };

type TestGatewayOptions = {
  /** As peers.json names the process that is asked. */
  recipient: string;
  entrance?: ProofEntrance;
  /** The folder of a set of proof keys. Default: the run's own. */
  folder?: string;
};

/** Variables by which a process finds its proof keys in this run's set. */
export function proofEnvironment(name: string): { PROOF_KEY_FILE: string; PROOF_PEERS_FILE: string } {
  const { keyFile, peersFile } = proofPathsOf(inject('proofFolder'), name);
  return { PROOF_KEY_FILE: keyFile, PROOF_PEERS_FILE: peersFile };
}

/** The same for a gateway with all entrances. */
export function gatewayProofEnvironment(): Record<string, string> {
  const folder = inject('proofFolder');
  return {
    GRAPH_PROOF_KEY_FILE: proofPathsOf(folder, 'gateway-graph').keyFile,
    USER_PROOF_KEY_FILE: proofPathsOf(folder, 'gateway-user').keyFile,
    PORTAL_PROOF_KEY_FILE: proofPathsOf(folder, 'gateway-portal').keyFile,
    PROOF_PEERS_FILE: proofPathsOf(folder, 'gateway-graph').peersFile,
  };
}

export function createTestGateway(options: TestGatewayOptions): TestGateway {
  const { recipient, entrance = 'graph', folder = inject('proofFolder') } = options;
  const name = `gateway-${entrance}`;
  const { keyFile, peersFile } = proofPathsOf(folder, name);
  const { signer } = createProofIdentity({ name, keys: readJson(keyFile), peers: readJson(peersFile) });
  const headersOf: TestGateway['headersOf'] = ({ url, body, token, cookie, context }) => {
    const { pathname, search } = new URL(url);
    const headers: ProofMessage['headers'] = {
      'content-type': 'application/json',
      [signetContextHeader]: describeContext({
        requestId: 'test',
        entrance,
        hasToken: token !== undefined,
        ...context,
      }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(cookie !== undefined && { cookie }),
    };
    const message = { method: 'POST', path: pathname, query: search, headers, body };
    return { ...(headers as Record<string, string>), ...signer.sign(recipient, message) };
  };
  return {
    headersOf,
    async post(url, request, sender = {}) {
      const body = JSON.stringify(request);
      const headers = headersOf({ url, body, ...sender });
      return readGraphqlAnswer(await fetch(url, { method: 'POST', headers, body }));
    },
  };
}

function readJson(path: string) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function describeContext({ timeoutMs, ...context }: SignetContext): string {
  const header = formatSignetContext(context);
  return timeoutMs === undefined ? header : withTimeout(header, timeoutMs);
}
