export { createTestDatabase, type TestDatabase } from './database.ts';
export {
  createTestIssuer,
  type PortalTokenOptions,
  type TestIssuer,
  type UserTokenOptions,
} from './issuer.ts';
export { type GraphqlAnswer, type GraphqlError, postGraphql } from './post-graphql.ts';
