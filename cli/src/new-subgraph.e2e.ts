import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyRepository, type RepositoryCopy } from './repository-copy.test-support.ts';
import { startCopy } from './started-copy.test-support.ts';

let copy: RepositoryCopy;
beforeAll(async () => {
  copy = await copyRepository();
});
afterAll(() => copy.remove());

const signet = (...args: string[]) => copy.run('node', 'cli/bin/signet.mjs', ...args);

test('a new subgraph composes, passes every check and its tests, and is served, without another touch', async () => {
  expect(await signet('new', 'subgraph', 'reviews')).toContain('subgraphs/reviews/subgraph.ts');
  await signet('compose');
  await signet('access');
  await Promise.all([copy.run('npx', 'tsc', '--noEmit'), copy.run('npm', 'run', 'lint')]);
  // What knows subgraphs by name, and the subgraph's own.
  await copy.run(
    ...([
      'npx',
      'vitest',
      'run',
      '--project',
      'unit',
      'subgraphs/reviews',
      'deploy/compose',
      'db/src/access',
      'db/src/migrate',
      'schema',
    ] as const),
  );
  const { url, password, stop } = await startCopy(copy);
  const ask = async (query: string, token?: string) => {
    const headers = {
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
    };
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ query }),
    });
    return (await response.json()) as { data: { login: { accessToken: string } } };
  };
  try {
    const input = `{ email: "ada@example.com", password: "${password}" }`;
    const signedIn = await ask(`mutation { login(input: ${input}) { accessToken } }`);
    const token = signedIn.data.login.accessToken;
    expect(await ask('mutation { createReview(input: { text: "good" }) { text } }', token)).toEqual({
      data: { createReview: { text: 'good' } },
    });
    expect(await ask('{ myReviews { text } }', token)).toEqual({ data: { myReviews: [{ text: 'good' }] } });
  } finally {
    await stop();
  }
}, 900_000);
