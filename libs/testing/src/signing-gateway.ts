import type { ProofEntrance, ProofIdentity, ProofMessage } from '@signet/proof';
import { formatSignetContext, type SignetContext, signetContextHeader, withTimeout } from '@signet/service';
import { fetchAnswer, type GraphqlAnswer, type GraphqlRequest, readGraphqlAnswer } from './post-graphql.ts';

/** Who asks, as a gateway tells a subgraph. */
export type SignedSender = {
  token?: string | undefined;
  cookie?: string;
  /** What the gateway says of the client, beside the entrance and whether there is a token. */
  context?: Partial<SignetContext>;
};

/** What to sign: the URL and the body of a request that is sent otherwise. */
export type SignedMessage = SignedSender & { url: string; body: string };

/** Sends to one subgraph as an entrance of a gateway does: signed, with a Signet-Context. */
export type SigningGateway = {
  /** Sends one operation. */
  post(url: string, request: GraphqlRequest, sender?: SignedSender): Promise<GraphqlAnswer>;
  /** The headers of a signed request, for tests that send something else than was signed. */
  headersOf(message: SignedMessage): Record<string, string>;
};

/** Signs by `signer` for the subgraph `recipient`, as peers.json names it, in the name of an entrance. */
export function createSigningGateway({
  signer,
  recipient,
  entrance,
}: {
  signer: ProofIdentity['signer'];
  recipient: string;
  entrance: ProofEntrance;
}): SigningGateway {
  const headersOf: SigningGateway['headersOf'] = ({ url, body, token, cookie, context }) => {
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
      return readGraphqlAnswer(await fetchAnswer(url, { method: 'POST', headers, body }));
    },
  };
}

function describeContext({ timeoutMs, ...context }: SignetContext): string {
  const header = formatSignetContext(context);
  return timeoutMs === undefined ? header : withTimeout(header, timeoutMs);
}
