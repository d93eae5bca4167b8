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
const limitMicroseconds = 200;

/** CPU for each request, in µs: other work on the machine does not count. */
async function costOf(send: typeof fetch): Promise<number> {
  const before = process.cpuUsage();
  for (let n = 0; n < rounds; n += 1) await (await send(url, init)).text();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / rounds;
}
const added: number[] = [];
for (let round = 0; round < 5; round += 1) {
  const [plain, through] = [await costOf(answer), await costOf(signet.fetch)];
  added.push(through - plain);
  console.log(`plain ${plain.toFixed(1)} µs, through the client ${through.toFixed(1)} µs`);
}
const median = added.sort((a, b) => a - b)[2] ?? Number.NaN;
console.log(`added: ${median.toFixed(1)} µs (limit ${limitMicroseconds} µs)`);
process.exitCode = median < limitMicroseconds ? 0 : 1;
signet.close();
