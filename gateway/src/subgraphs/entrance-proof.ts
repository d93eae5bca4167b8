import { openProofIdentity } from '@signet/proof';
import type { SubgraphName } from '@signet/schema/subgraphs';
import type { Variant } from '@signet/schema/supergraph-files';
import type { Logger, signetContextHeader } from '@signet/service';
import { type ProofConfig, proofFilesOf } from '../config.ts';

type AuthUrls = { AUTH_USER_URL: string; AUTH_PORTAL_URL: string };

/** Signs one entrance's fetches to a subgraph. */
export type FetchSigner = (message: FetchMessage, url: string) => Record<string, string>;

export type EntranceProof = {
  /** Undefined where subgraphs ask for no proof. */
  signerFor(subgraph: SubgraphName): FetchSigner | undefined;
  stop(): void;
};

/**
 * Opens the proof keys of one entrance: each has its own, so that what one may ask for is no matter of its word.
 *
 * @throws {ConfigError} naming file and field.
 */
export async function openEntranceProof(
  entrance: Variant,
  config: ProofConfig & AuthUrls,
  logger: Logger,
): Promise<EntranceProof> {
  const files = proofFilesOf(config, entrance);
  if (!files) {
    logger.warn({ entrance }, 'REQUIRE_PROOF=no: fetches are not signed');
    return { signerFor: () => undefined, stop: () => {} };
  }
  const { signer, stop } = await openProofIdentity({ name: `gateway-${entrance}`, ...files, logger });
  return {
    signerFor: (subgraph) => {
      const recipientOf = findRecipient(subgraph, config);
      return (message, url) => signer.sign(recipientOf(url), message);
    },
    stop,
  };
}

/** As peers.json names who answers at a URL: auth is one process for both platforms, or one for each. */
function findRecipient(subgraph: SubgraphName, urls: AuthUrls): (url: string) => string {
  if (subgraph !== 'auth' || urls.AUTH_USER_URL === urls.AUTH_PORTAL_URL) {
    return () => subgraph;
  }
  return (url) => (url === urls.AUTH_PORTAL_URL ? 'auth-portal' : 'auth-user');
}

/** What a fetch sends, for whoever signs it: the exact bytes of the body, and each header that a signature covers. */
export type FetchMessage = {
  method: 'POST';
  /** Without its query. */
  path: string;
  /** With its question mark, or empty. */
  query: string;
  headers: {
    'content-type': string;
    [signetContextHeader]: string;
    authorization?: string;
    cookie?: string;
  };
  body: string;
};
