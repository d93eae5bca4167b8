export { createTestDatabase, type TestDatabase } from './database.ts';
export { type FaultyPath, openFaultyPath } from './faulty-path.ts';
export { addStaff, addUser } from './fixtures.ts';
export { createTestIssuer } from './issuer.ts';
export { type GraphqlAnswer, postGraphql, reasonsOf, takeRequestIds } from './post-graphql.ts';
export { createTestProofKeys, type TestProofKeys } from './proof-keys.ts';
export { expectIdsRefused, itIsForCustomers, itIsForStaff, titled } from './refusals.ts';
export { shortestOfThree } from './shortest-of-three.ts';
export type { SignedMessage, SigningGateway } from './signing-gateway.ts';
export { createSigningKeys, type SigningKeys } from './signing-keys.ts';
export {
  type Attestation,
  createSoftwareAuthenticator,
  type MadeCredential,
  type SoftwareAuthenticator,
} from './software-authenticator.ts';
export { type Caller, startTestSubgraph, type TestSubgraph } from './subgraph.ts';
export {
  createTestGateway,
  gatewayProofEnvironment,
  proofEnvironment,
} from './test-gateway.ts';
export { createWeakRsaKeys } from './weak-rsa-keys.ts';
