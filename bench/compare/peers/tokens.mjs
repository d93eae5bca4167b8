import { readFileSync } from 'node:fs';
import { createLocalJWKSet, jwtVerify } from 'jose';

const { JWKS_FILE, ISSUER, AUDIENCE } = process.env;
const keys = JWKS_FILE && createLocalJWKSet(JSON.parse(readFileSync(JWKS_FILE, 'utf8')));

/** The claims of the bearer token in an Authorization header, verified by jose as its documentation shows. */
export async function verifyToken(authorization = '') {
  const token = authorization.replace(/^Bearer /, '');
  const { payload } = await jwtVerify(token, keys, { issuer: ISSUER, audience: AUDIENCE });
  return payload;
}
