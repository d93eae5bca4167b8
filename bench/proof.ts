// What does it take to sign a fetch between gateway and subgraph, and to verify it? npm run bench -- bench/proof.ts [rounds]
import { createProofIdentity, createProofSet, type ProofIdentity, readSignedMessage } from '@signet/proof';
import { percentile } from './support/measure.ts';

const rounds = Number(process.argv[2] ?? 200);
const warmUpRounds = 50;
const perRound = 500;
const bodyBytes = 2048;
const maxMicroseconds = 30;

const set = createProofSet();
const gateway = openIdentity('gateway-user');
const portal = openIdentity('portal');
const headers = {
  'content-type': 'application/json',
  'signet-context':
    'id="5e0f2b9c-3a53-4f0c-9a53-1f0b7d0c5e11", entrance="user", address="203.0.113.7", tenant="demo", auth=?1',
  authorization: `Bearer ${'x'.repeat(700)}`,
};
const message = { method: 'POST', path: '/graphql', query: '', headers, body: 'x'.repeat(bodyBytes) };
const body = Buffer.from(message.body);

const signing: number[] = [];
const verifying: number[] = [];
for (let round = 0; round < warmUpRounds + rounds; round++) {
  const { signMicroseconds, verifyMicroseconds } = measure();
  if (round >= warmUpRounds) {
    signing.push(signMicroseconds);
    verifying.push(verifyMicroseconds);
  }
}
console.log(`a body of ${bodyBytes} bytes and a token of 700, medians of ${rounds} rounds of ${perRound}`);
let hasMissed = false;
report('sign:  ', signing);
report('verify:', verifying);
if (hasMissed) process.exitCode = 1;

/** Microseconds of CPU for each, so that what else the machine does counts less; reading the headers included. */
function measure(): { signMicroseconds: number; verifyMicroseconds: number } {
  const beforeSigning = process.cpuUsage();
  const signed = Array.from({ length: perRound }, () => gateway.signer.sign('portal', message));
  const signMicroseconds = cpuSince(beforeSigning);
  const received = signed.map((added) => ({
    method: 'POST',
    url: '/graphql',
    // As from a socket: texts that nobody has looked at yet.
    rawHeaders: Object.entries({ ...headers, ...added, host: 'portal:4012', accept: '*/*' })
      .flat()
      .map((text) => Buffer.from(text).toString('latin1')),
  }));
  const beforeVerifying = process.cpuUsage();
  for (const request of received) portal.verifier.verify(readSignedMessage(request, body));
  return { signMicroseconds, verifyMicroseconds: cpuSince(beforeVerifying) };
}

function cpuSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / perRound;
}

function report(what: string, values: readonly number[]): void {
  const median = percentile(values, 0.5);
  hasMissed ||= median > maxMicroseconds;
  console.log(`  ${what} ${median.toFixed(1)} µs of CPU, at most ${maxMicroseconds} allowed`);
}

function openIdentity(name: string): ProofIdentity {
  const keys = set.keyFiles[name];
  if (!keys) throw new Error(`The set has no ${name}.`);
  return createProofIdentity({ name, keys, peers: set.peers });
}
