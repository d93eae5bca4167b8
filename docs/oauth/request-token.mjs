// Asks for an access token as a service account, and asks the graph with it. It needs jose (npm install jose).
// node request-token.mjs <entrance> <user|portal> <client id> <file with the private key as a JWK> [query]
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { calculateJwkThumbprint, importJWK, SignJWT } from 'jose';

const [entrance, platform, clientId, keyFile, query] = process.argv.slice(2);
const metadata = await fetchJson(`${entrance}/.well-known/oauth-authorization-server/${platform}`);
const jwk = JSON.parse(await readFile(keyFile, 'utf8'));
const alg = { Ed25519: 'EdDSA', 'P-256': 'ES256' }[jwk.crv] ?? 'RS256';

const assertion = await new SignJWT({ jti: randomUUID() })
  .setProtectedHeader({ alg, kid: await calculateJwkThumbprint(jwk), typ: 'client-authentication+jwt' })
  .setIssuer(clientId)
  .setSubject(clientId)
  .setAudience(metadata.issuer)
  .setIssuedAt()
  .setExpirationTime('1m')
  .sign(await importJWK(jwk, alg));

const {
  access_token: token,
  expires_in: seconds,
  scope,
} = await fetchJson(metadata.token_endpoint, {
  method: 'POST',
  body: new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  }),
});
// A client keeps the token until shortly before its end, and asks for the next one then.
console.log(`a token for ${seconds} s, scope: ${scope}`);

if (query !== undefined) {
  const answer = await fetchJson(`${entrance}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query }),
  });
  console.log(JSON.stringify(answer));
}

async function fetchJson(url, init) {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${url} answers ${response.status}: ${await response.text()}`);
  return response.json();
}
