import type { ProofEntrance, VerifiedProof } from '@signet/proof';
import type { Platform } from '@signet/schema/contract';
import { type EndpointPlugin, type ErrorTranslation, RefusalError, withHttpStatus } from '@signet/service';
import type { Session } from '@signet/session';
import type { DocumentNode, GraphQLSchema } from 'graphql';
import { findPlatforms, readPlatformFields } from './platform-fields.ts';

/** Where the nonces of mutations are kept, for all replicas of a subgraph. */
export type NonceStore = {
  /** True for the first who comes with this nonce. Throws where nothing can be kept. */
  use(nonce: string, expiresAt: Date): Promise<boolean>;
};

export type OperationProofOptions = {
  typeDefs: DocumentNode;
  schema: GraphQLSchema;
  nonces: NonceStore;
  /** What a failure of the store means: a database that is down is no fault of ours. */
  translateError: ErrorTranslation;
};

/** Where a request's context holds its proof. Apollo Server copies contexts, symbols included. */
const proofKey = Symbol('proof');

export function withProof<C extends object>(context: C, proof: VerifiedProof): C {
  return Object.assign(context, { [proofKey]: proof });
}

/**
 * What a valid proof does not yet say: that the sender's entrance has what the operation asks for, and that a mutation comes
 * for the first time. The kind is that of the operation that will run. Queries need no nonce: who captured one has the
 * token and the answer as well.
 */
export function createOperationProof(options: OperationProofOptions): EndpointPlugin {
  const { typeDefs, schema, nonces, translateError } = options;
  const fields = readPlatformFields(typeDefs);
  const known = new WeakMap<DocumentNode, ReadonlySet<Platform>>();
  const platformsOf = (document: DocumentNode) => {
    const platforms = known.get(document) ?? findPlatforms(document, schema, fields);
    known.set(document, platforms);
    return platforms;
  };
  const check = async (proof: VerifiedProof, document: DocumentNode, isMutation: boolean) => {
    for (const platform of platformsOf(document)) assertEntranceServes(proof.sender.entrance, platform);
    if (isMutation && !(await nonces.use(proof.nonce, proof.expiresAt))) {
      throw new RefusalError('auth.failure.replay');
    }
  };
  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ contextValue, document, operation }) {
          const proof = (contextValue as { [proofKey]?: VerifiedProof })[proofKey];
          if (!proof) throw new TypeError('a request came past the proof gate');
          const isMutation = (operation as typeof operation | undefined)?.operation === 'mutation';
          await withHttpStatus(() => check(proof, document, isMutation), translateError);
        },
      };
    },
  };
}

/** An entrance admits one platform's tokens; what it sends of the other's was put into its mouth. */
export function assertSessionOfEntrance({ sender }: VerifiedProof, { platform }: Session): void {
  if (platform !== 'none') assertEntranceServes(sender.entrance, platform);
}

function assertEntranceServes(entrance: ProofEntrance, platform: Platform): void {
  if (entrance !== 'graph' && entrance !== platform) {
    throw new RefusalError('auth.failure.proof_invalid', {
      cause: new Error(`the entrance ${entrance} serves nothing of the platform ${platform}`),
    });
  }
}
