export { createTestDatabase, type TestDatabase } from './database.ts';
export { addCategory, addProduct, addStaff, addUser } from './fixtures.ts';
export {
  createTestIssuer,
  type PortalTokenOptions,
  type TestIssuer,
  type UserTokenOptions,
} from './issuer.ts';
export { type GraphqlAnswer, type GraphqlError, postGraphql, reasonsOf } from './post-graphql.ts';
export { expectIdsRefused, itIsForCustomers, itIsForStaff, titled } from './refusals.ts';
export { type Caller, startTestSubgraph, type TestSubgraph } from './subgraph.ts';
export {
  createTestGateway,
  gatewayProofEnvironment,
  proofEnvironment,
  type SignedMessage,
  type SignedSender,
  type TestGateway,
} from './test-gateway.ts';
