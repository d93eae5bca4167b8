/**
 * Doubles for tests of a subgraph or a gateway, without a database: an issuer with keys of its own, the keys of a gateway that signs, and
 * readers of answers.
 *
 * @packageDocumentation
 */
export type { ProofEntrance } from '../../libs/proof/src/proof.ts';
export type { SignetContext } from '../../libs/service/src/signet-context.ts';
export {
  createTestIssuer,
  type PortalTokenOptions,
  type TestIssuer,
  type UserTokenOptions,
} from '../../libs/testing/src/issuer.ts';
export {
  type GraphqlAnswer,
  type GraphqlError,
  type GraphqlRequest,
  postGraphql,
  reasonsOf,
} from '../../libs/testing/src/post-graphql.ts';
export { createTestProofKeys, type TestProofKeys } from '../../libs/testing/src/proof-keys.ts';
export type { SignedMessage, SignedSender, SigningGateway } from '../../libs/testing/src/signing-gateway.ts';
