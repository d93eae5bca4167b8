import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

// Takes console-dashboard.png, console-customer.png and console-refusal.png, the pictures in docs/console.md and the README, from a
// platform that runs with its demo shop, and acts on it so that there is something to see:
//   npm start
//   npx node docs/images/take-console-pictures.ts [http://localhost:4000] [http://localhost:4001] [http://localhost:4002]
// CHROMIUM_PATH names the browser. On a new platform (SIGNET_HOME=<an empty folder>) the pictures are the same but for the times.

const [
  graphUrl = 'http://localhost:4000',
  userUrl = 'http://localhost:4001',
  portalUrl = 'http://localhost:4002',
] = process.argv.slice(2);
const [customer, staff] = ['ada@example.com', 'admin@example.com'];
const password = 'correct horse battery staple';
const phone = 'Mozilla/5.0 (Android 16; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0';
const maxBytes = 200_000;

type Answer = { requestId: string; data: Record<string, { accessToken?: string } | null> | null };

async function ask(baseUrl: string, query: string, token?: string): Promise<Answer> {
  const response = await fetch(new URL('/graphql', baseUrl), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'user-agent': phone,
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ query }),
  });
  const { data = null } = (await response.json()) as Partial<Answer>;
  return { requestId: String(response.headers.get('x-request-id')), data };
}

async function signIn(email: string, word = password): Promise<string | undefined> {
  const input = `{ email: ${JSON.stringify(email)}, password: ${JSON.stringify(word)} }`;
  const { data } = await ask(userUrl, `mutation { login(input: ${input}) { accessToken } }`);
  return data?.login?.accessToken;
}

/** What a shop's day has: people who come, mistype, and ask for what is not theirs. Resolves to the id of a refused request. */
async function act(): Promise<string> {
  const people = ['adrian.popan', 'aiko.tanemori', 'amina.odari', 'anton.velde', 'carla.benites'];
  for (const name of people) await signIn(`${name}@example.com`);
  for (const word of ['mistyped', 'mistyped again']) await signIn(customer, word);
  const token = await signIn(customer);
  for (let n = 0; n < 3; n += 1) await ask(graphUrl, '{ me { id } }', 'not a token');
  for (let n = 0; n < 2; n += 1) await ask(graphUrl, '{ portalMe { id } }', token);
  return (await ask(graphUrl, 'query Health { portalHealth }', token)).requestId;
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  headless: true,
  args: [
    // Chromium's own sandbox does not start for root; the only pages are the platform's own.
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
try {
  const requestId = await act();
  const page = await browser.newPage({
    viewport: { width: 1440, height: 900 },
    // 1280 x 800 pixels, and more of a screen in them.
    deviceScaleFactor: 8 / 9,
    locale: 'en',
  });
  const open = (path: string) => page.goto(new URL(`/console/${path}`, portalUrl).href);
  async function take(name: string): Promise<void> {
    await page.waitForLoadState('networkidle');
    // Else a button looks pressed.
    await page.mouse.move(0, 0);
    const picture = await page.screenshot({ type: 'png' });
    if (picture.length > maxBytes)
      throw new Error(`The picture ${name} has ${picture.length} bytes, at most ${maxBytes}.`);
    const file = fileURLToPath(new URL(`console-${name}.png`, import.meta.url));
    await writeFile(file, picture);
    console.log(`${file}: ${picture.length} bytes`);
  }

  await open('');
  await page.getByLabel('E-mail').fill(staff);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('button', { name: 'Sign out', exact: true }).waitFor();

  // What happened is counted once a minute.
  await open('dashboard?range=month');
  await page
    .locator('.legend')
    .getByText(/^authz\.platform\.deny: [3-9]/)
    .waitFor({ timeout: 120_000 });
  await take('dashboard');

  await open(`customers?search=${customer}`);
  await page.getByRole('table').getByRole('link').click();
  await page.getByRole('heading', { name: 'Orders' }).waitFor();
  await take('customer');

  await open(`refusals/${requestId}`);
  await page.getByText('Access rules', { exact: true }).scrollIntoViewIfNeeded({ timeout: 120_000 });
  await take('refusal');
} finally {
  await browser.close();
}
