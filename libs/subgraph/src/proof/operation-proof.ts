import type { VerifiedProof } from '@signet/proof';
import type { Platform } from '@signet/schema/contract';
import { type OperationHooks, RefusalError } from '@signet/service';
import { platformOf, type Session } from '@signet/session';
import type { DocumentNode, GraphQLSchema } from 'graphql';
import { findPlatforms, readPlatformFields } from './platform-fields.ts';
import type { ProofRefusals } from './proof-refusals.ts';

/** Where the nonces of mutations are kept, for all replicas of a subgraph. */
export type NonceStore = {
  /** True for the first who comes with this nonce. Throws where nothing can be kept. */
  use(nonce: string, expiresAt: Date): Promise<boolean>;
};

export type OperationProofOptions = {
  typeDefs: DocumentNode;
  schema: GraphQLSchema;
  nonces: NonceStore;
  refusals: ProofRefusals;
};

/** What a valid proof does not yet say of a request. */
export type OperationProof = {
  /** @throws {RefusalError} auth.failure.proof_invalid where the sender's entrance admits no such tokens. */
  assertSession(proof: VerifiedProof | undefined, session: Session): void;
  /** @throws {RefusalError} auth.failure.proof_invalid where the sender's entrance does not show a field of the document. */
  assertFields(proof: VerifiedProof, document: DocumentNode): void;
  /** @throws {RefusalError} (rejects with) auth.failure.replay where the proof came before; what the store throws. */
  assertFirstTime(proof: VerifiedProof): Promise<void>;
  /** The same of the fields of an operation; and that a mutation comes for the first time. */
  hooks: OperationHooks;
};

/** Where a request's context holds its proof. Apollo Server copies contexts, symbols included. */
const proofKey = Symbol('proof');

export function withProof<C extends object>(context: C, proof: VerifiedProof): C {
  return Object.assign(context, { [proofKey]: proof });
}

/**
 * The kind of an operation is that of the one that will run; of its fields, the whole document counts. Queries need no nonce:
 * who captured one has the token and the answer as well.
 */
export function createOperationProof(options: OperationProofOptions): OperationProof {
  const { typeDefs, schema, nonces, refusals } = options;
  const fields = readPlatformFields(typeDefs);
  const known = new WeakMap<DocumentNode, ReadonlySet<Platform>>();
  const platformsOf = (document: DocumentNode) => {
    let platforms = known.get(document);
    if (!platforms) {
      platforms = findPlatforms(document, schema, fields);
      known.set(document, platforms);
    }
    return platforms;
  };
  const telling = <T>({ sender }: VerifiedProof, check: () => T): T => {
    try {
      return check();
    } catch (error) {
      refusals.tell(error, { sender });
      throw error;
    }
  };
  const assertFirstTime = async ({ sender, nonce, expiresAt }: VerifiedProof) => {
    if (await nonces.use(nonce, expiresAt)) return;
    const replay = new RefusalError('auth.failure.replay');
    refusals.tell(replay, { sender });
    throw replay;
  };
  const assertFields = (proof: VerifiedProof, document: DocumentNode) => {
    for (const platform of platformsOf(document)) {
      telling(proof, () => assertEntranceServes(proof, platform));
    }
  };
  return {
    assertSession(proof, session) {
      if (!proof || session.platform === 'none') return;
      const platform = platformOf(session);
      telling(proof, () => assertEntranceServes(proof, platform));
    },
    assertFields,
    assertFirstTime,
    hooks: {
      beforeRun({ document, operation, context }) {
        const proof = (context as { [proofKey]?: VerifiedProof })[proofKey];
        if (!proof) throw new TypeError('a request came past the proof gate');
        assertFields(proof, document);
        if (operation?.operation === 'mutation') return assertFirstTime(proof);
      },
    },
  };
}

/** An entrance admits one platform's tokens; what it sends of the other's was put into its mouth. */
function assertEntranceServes({ sender: { entrance } }: VerifiedProof, platform: Platform): void {
  if (entrance !== 'graph' && entrance !== platform) {
    throw new RefusalError('auth.failure.proof_invalid', {
      cause: new Error(`the entrance ${entrance} serves nothing of the platform ${platform}`),
    });
  }
}
