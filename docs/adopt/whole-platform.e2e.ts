import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { subgraphs } from '@signet/schema/subgraphs';
import { postGraphql, reasonsOf } from '@signet/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyRepository, type RepositoryCopy } from '../../cli/src/repository-copy.test-support.ts';
import { startCopy } from '../../cli/src/started-copy.test-support.ts';

/*
 * Runs the blocks of whole-platform.md in a copy of this repository.
 */

const page = readFileSync(join(import.meta.dirname, 'whole-platform.md'), 'utf8');
const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, text = '']) => ({
  language,
  text,
}));
const textsOf = (language: string) =>
  blocks.filter((block) => block.language === language).map(({ text }) => text);

let copy: RepositoryCopy;
beforeAll(async () => {
  copy = await copyRepository();
});
afterAll(() => copy?.remove());

test('deletes the shop, adds a subgraph, and serves it beside the platform', async () => {
  const [, change = '', start] = textsOf('sh');
  expect(start).toBe('npm start\n');
  for (const line of change.trimEnd().split('\n')) {
    if (line.includes('remove-shop') && !subgraphs.some(({ isDemo }) => isDemo)) continue;
    // The copy's node_modules/.bin is that of this repository, and so would be its signet.
    await copy.run('sh', '-c', line.replace(/^npx signet /, 'node cli/bin/signet.mjs '));
  }
  const { url, password, stop } = await startCopy(copy);
  const signIn = async (mutation: string, email: string) => {
    const input = `{ email: "${email}", password: "${password}" }`;
    const { body } = await postGraphql(`${url}/graphql`, {
      query: `mutation { signedIn: ${mutation}(input: ${input}) { accessToken } }`,
    });
    return (body.data as { signedIn: { accessToken: string } }).signedIn.accessToken;
  };
  const [create = '', read = ''] = textsOf('graphql');
  try {
    const ada = await signIn('login', 'ada@example.com');
    const ask = async (query: string, token: string) => postGraphql(`${url}/graphql`, { query }, { token });
    expect((await ask(create, ada)).body.data).toEqual({ createReview: { text: 'good' } });
    expect((await ask(read, ada)).body.data).toEqual({
      me: { email: 'ada@example.com' },
      myReviews: [{ text: 'good' }],
    });
    const staff = await signIn('portalLogin', 'support@example.com');
    expect(reasonsOf(await ask(create, staff))).toEqual(['authz.platform.deny']);
  } finally {
    await stop();
  }
}, 300_000);
