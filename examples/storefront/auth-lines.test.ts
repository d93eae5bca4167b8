import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/*
 * A frontend that is built on @signet/client writes nearly nothing about tokens itself. What counts as such a line: it makes or connects the
 * client, or it deals with tokens, cookies, renewal, retries, several tabs, step-up, or the end of a session. What does not: forms and their
 * answers (`signIn`, `register`, a password that is changed), texts, what a page shows to whom, imports and comments. Everything of this shop
 * is looked through for the words of such lines, and what is found must be this list.
 */
const words =
  /create(SignetClient|SignetLink|StepUpPrompt)|followSession|onStepUp|session\.(refresh|subscribe|ready)|isLeft|\b(accessToken|refreshToken|bearer|authorization|cookie|expiresIn|locks|BroadcastChannel|retryAfter|jwt)\b|const owner = session|[a-z]+Registration\(|status === 401|credentials:/i;

const authLines = [
  'src/account/link-pages.tsx: const challenge = readRegistration();',
  "src/account/link-pages.tsx: if (verified && next === 'NONE') await signet.session.refresh();",
  'src/account/sign-in-pages.tsx: keepRegistration(outcome.error.challenge);',
  // Whose basket it is.
  "src/basket.ts: const owner = session.status === 'signed-in' && !session.account.actedBy ? session.account.id : undefined;",
  "src/basket.ts: const isLeft = session.status === 'signed-out' && session.reason === 'signed-out';",
  'src/basket.ts: if (isLeft && before) write(createBasket([]));',
  'src/signet.ts: export const stepUp = createStepUpPrompt();',
  "src/signet.ts: export const signet = createSignetClient({ url: readMeta('url'), platform: 'user', onStepUp: stepUp.ask });",
  'src/signet.ts: export const apollo = new ApolloClient({ link: createSignetLink(signet), cache: createCache() });',
  'src/signet.ts: followSession(apollo, signet);',
];

test('the shop’s own lines about signing in are at most ten', () => {
  const found = globSync('src/**/*.{ts,tsx}', { cwd: import.meta.dirname })
    .filter((name) => !/^src\/(gql|texts)\//.test(name))
    .sort()
    .flatMap((name) =>
      readFileSync(join(import.meta.dirname, name), 'utf8')
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => words.test(line) && !/^(import |\} from |\/\/|\/?\*|\}, \[)/.test(line))
        .map((line) => `${name}: ${line}`),
    );
  expect(found).toEqual(authLines);
  expect(found.length).toBeLessThanOrEqual(10);
});
