// What any token endpoint on Node does at least: an HTTP server that checks one signature by jose and signs one token by jose, and knows of no
// accounts, tenants, replays or proofs. Prints its port.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { importJWK, type JWK, jwtVerify, SignJWT } from 'jose';

const client = await importJWK(JSON.parse(process.argv[2] ?? '') as JWK, 'EdDSA');
const { privateKey } = generateKeyPairSync('ed25519');
const server = createServer(async (request, response) => {
  const assertion = new URLSearchParams(await text(request)).get('client_assertion') ?? '';
  const { payload } = await jwtVerify(assertion, client);
  const token = await new SignJWT({ sub: String(payload.sub), scope: 'profile:read', jti: randomUUID() })
    .setProtectedHeader({ alg: 'EdDSA', kid: 'x', typ: 'at+jwt' })
    .setIssuedAt()
    .setExpirationTime('10m')
    .sign(privateKey);
  const body = JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: 600 });
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}).listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
