// What do 20,000 live revocations take in a verifier's memory? npm run bench -- bench/revocation-memory.ts [count]
import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { RevocationSet } from '../libs/session/src/revocations/revocation-set.ts';

const count = Number(process.argv[2] ?? 20_000);
const maxMegabytes = 20;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const before = measure();
const revoked = new RevocationSet();
for (let index = 0; index < count; index++) {
  // As they come from the database: each text and number on its own.
  const subject = Buffer.from(randomUUID()).toString('utf8');
  const platform = index % 2 === 0 ? 'user' : 'portal';
  revoked.add({ kind: 'session', platform, subject, expiresAtMs: Date.now() + 3_600_000 + index / 7 });
}
const megabytes = (measure() - before) / 2 ** 20;
console.log(
  `${revoked.size} revocations take ${megabytes.toFixed(2)} MB; at most ${maxMegabytes} MB allowed`,
);
if (megabytes >= maxMegabytes) process.exitCode = 1;

function measure(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
