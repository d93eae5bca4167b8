export { createTestDatabase, type TestDatabase } from './database.ts';
export { type FaultyPath, openFaultyPath } from './faulty-path.ts';
export { addStaff, addUser } from './fixtures.ts';
export { createTestIssuer } from './issuer.ts';
export { type GraphqlAnswer, postGraphql, reasonsOf } from './post-graphql.ts';
export { expectIdsRefused, itIsForCustomers, itIsForStaff, titled } from './refusals.ts';
export { type Caller, startTestSubgraph, type TestSubgraph } from './subgraph.ts';
export {
  createTestGateway,
  gatewayProofEnvironment,
  proofEnvironment,
  type SignedMessage,
  type TestGateway,
} from './test-gateway.ts';
export { createWeakRsaKeys } from './weak-rsa-keys.ts';
