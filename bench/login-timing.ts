// Does the time of a refused sign-in tell whether the account exists? npm run bench -- bench/login-timing.ts [tries]
import { createPost, mean, percentile, time } from './support/measure.ts';
import { emails, password, startAuthProcess } from './support/start-auth.ts';

const tries = Number(process.argv[2] ?? 30);
const allowedDifference = 0.15;
const attempts = {
  'wrong password': { email: emails.active, password: `${password}!` },
  'unknown account': { email: 'nobody@example.com', password },
  'inactive account': { email: emails.inactive, password },
  'no e-mail, 10 KB': { email: 'x'.repeat(10_000), password },
};

const auth = await startAuthProcess();
try {
  const post = createPost(auth.url);
  for (const field of ['login', 'portalLogin']) {
    const query = `mutation ($input: LoginInput!) { ${field}(input: $input) { expiresIn } }`;
    await post(query, { input: attempts['wrong password'] });
    const times = new Map<string, number[]>(Object.keys(attempts).map((name) => [name, []]));
    for (let round = 0; round < tries; round++) {
      for (const [name, input] of Object.entries(attempts)) {
        times.get(name)?.push(await time(() => post(query, { input })));
      }
    }
    console.log(`${field}, ${tries} tries of each kind, interleaved`);
    for (const [name, values] of times) {
      const cells = [mean(values), percentile(values, 0.5), percentile(values, 0.95)];
      console.log(
        `  ${name.padEnd(18)} mean, p50, p95 in ms: ${cells.map((cell) => cell.toFixed(1)).join(', ')}`,
      );
    }
    const means = [...times.values()].map(mean);
    const difference = Math.max(...means) / Math.min(...means) - 1;
    console.log(`  greatest difference of means: ${(100 * difference).toFixed(1)} %`);
    if (difference > allowedDifference) process.exitCode = 1;
  }
} finally {
  await auth.stop();
}
