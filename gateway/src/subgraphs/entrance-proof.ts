import { openProofIdentity } from '@signet/proof';
import type { SubgraphName } from '@signet/schema/subgraphs';
import type { Logger, signetContextHeader } from '@signet/service';
import { type ProofConfig, proofFilesOf } from '../config.ts';
import type { Entrance } from '../entrance/entrances.ts';

type AuthUrls = { AUTH_USER_URL?: string | undefined; AUTH_PORTAL_URL?: string | undefined };

/** Signs one entrance's fetches to a subgraph. */
export type FetchSigner = (message: FetchMessage, url: string) => Record<string, string>;

export type EntranceProof = {
  /** Undefined where subgraphs require no proof. */
  signerFor(subgraph: SubgraphName): FetchSigner | undefined;
  /** The name that peers.json would need for fetches to this URL of a subgraph, where it does not have it. */
  missingPeerOf(subgraph: SubgraphName, url: string): string | undefined;
  /** What is wrong with the files of the keys, or undefined. */
  findLack(): string | undefined;
  stop(): void;
};

/**
 * Opens the proof keys of one entrance. Each entrance has its own, so that a subgraph need not believe what an entrance
 * says about itself.
 *
 * @throws {ConfigError} that names the file and field
 */
export async function openEntranceProof(
  { name: entrance, kind }: Pick<Entrance, 'name' | 'kind'>,
  config: ProofConfig & AuthUrls,
  logger: Logger,
): Promise<EntranceProof> {
  const files = proofFilesOf(config, entrance);
  if (!files) {
    logger.warn({ entrance }, 'PROOF=off: fetches are not signed, and subgraphs cannot tell who sends them');
    return {
      signerFor: () => undefined,
      missingPeerOf: () => undefined,
      findLack: () => undefined,
      stop: () => {},
    };
  }
  const { signer, findLack, stop } = await openProofIdentity({ name: `gateway-${kind}`, ...files, logger });
  return {
    signerFor: (subgraph) => {
      const recipientOf = findRecipient(subgraph, config);
      return (message, url) => signer.sign(recipientOf(url), message);
    },
    missingPeerOf: (subgraph, url) => {
      const recipient = findRecipient(subgraph, config)(url);
      return signer.canSignFor(recipient) ? undefined : recipient;
    },
    findLack,
    stop,
  };
}

/**
 * Finds the name that peers.json has for the process at a URL: auth is one process for both platforms, or one for each.
 */
function findRecipient(subgraph: SubgraphName, urls: AuthUrls): (url: string) => string {
  if (subgraph !== 'auth' || urls.AUTH_USER_URL === urls.AUTH_PORTAL_URL) {
    return () => subgraph;
  }
  return (url) => (url === urls.AUTH_PORTAL_URL ? 'auth-portal' : 'auth-user');
}

/** What a fetch sends, for its signer: the exact bytes of the body, and each header that the signature covers. */
export type FetchMessage = {
  method: 'POST';
  /** The path without the query. */
  path: string;
  /** The query with its question mark, or empty. */
  query: string;
  headers: {
    'content-type': string;
    [signetContextHeader]: string;
    authorization?: string;
    cookie?: string;
  };
  body: string;
};
