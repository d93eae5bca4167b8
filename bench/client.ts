import { createSignetClient } from '../libs/client/src/index.ts';

/*
 * What @signet/client adds to a request: an operation through its `fetch`, beside one through a plain fetch, where both are answered
 * at once. `npm run bench -- bench/client.ts`
 */
const claims = { sub: 'a', sid: 's', email: 'ada@example.com' };
const accessToken = `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;
const granted = JSON.stringify({ data: { result: { accessToken, expiresIn: 900, refreshToken: 'r' } } });
const answer: typeof fetch = async (_input, init) =>
  new Response(String(init?.body).includes('Signet_') ? granted : '{"data":{}}');
const url = 'http://localhost:4001/graphql';
const signet = createSignetClient({ url, platform: 'user', fetch: answer });
await signet.signIn({ email: 'ada@example.com', password: 'a password' });

const init = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{"query":"{ me { id } }"}',
};
const rounds = 20_000;
async function timeOf(send: typeof fetch): Promise<number> {
  const startedAt = performance.now();
  for (let n = 0; n < rounds; n += 1) await (await send(url, init)).text();
  return (performance.now() - startedAt) / rounds;
}
for (let round = 0; round < 4; round += 1) {
  const [plain, through] = [await timeOf(answer), await timeOf(signet.fetch)];
  console.log(
    `plain ${(plain * 1000).toFixed(1)} µs, through the client ${(through * 1000).toFixed(1)} µs, added ${((through - plain) * 1000).toFixed(1)} µs`,
  );
}
