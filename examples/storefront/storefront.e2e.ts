import { reasonsOf } from '@signet/testing';
import { TOTP } from 'otpauth';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { seedPassword } from '../../launcher/src/platform.test-support.ts';
import { password, startShop } from './e2e.test-support.ts';

const shop = startShop();
const nav = (page: Page) => page.getByRole('navigation', { name: 'Your shop' });

async function fillBasket(page: Page, words = 'lamp'): Promise<void> {
  await page.getByRole('searchbox').fill(words);
  await page.getByRole('button', { name: 'Search' }).click();
  await page.getByRole('heading', { name: `Results for “${words}”` }).waitFor();
  await page
    .getByRole('button', { name: /^Add to basket \w+ Desk Lamp/ })
    .first()
    .click();
  await nav(page)
    .getByRole('link', { name: /^Basket 1\s*item/ })
    .waitFor();
}

test('a customer goes from a search to an order, and finds it among theirs', async () => {
  const email = await shop.createCustomer();
  const page = await shop.open('');
  await page.getByText('products', { exact: false }).first().waitFor();
  const first = await page.locator('.product:not(.placeholder)').count();
  await page.getByRole('button', { name: 'Show more' }).click();
  await expect.poll(() => page.locator('.product:not(.placeholder)').count()).toBeGreaterThan(first);
  await fillBasket(page);
  await page.locator('.product-link').first().click();
  await page.getByRole('heading', { level: 1, name: /Desk Lamp/ }).waitFor();
  await page.getByRole('button', { name: /^Add/ }).click();
  await nav(page)
    .getByRole('link', { name: /^Basket/ })
    .click();
  // Nobody is signed in: the basket leads to the sign-in, and that back to the basket.
  await page.getByRole('link', { name: 'Sign in to order' }).click();
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('heading', { name: 'Basket' }).waitFor();
  await page.getByLabel(/^Quantity of/).fill('3');
  const total = await page.locator('.total strong').innerText();
  await page.getByRole('button', { name: 'Order and pay' }).click();
  await page.getByText('Your order is placed').waitFor();
  await page.getByRole('row', { name: `Total ${total}` }).waitFor();
  await nav(page).getByRole('link', { name: 'Basket', exact: true }).waitFor();
  await page.getByRole('link', { name: 'My orders' }).click();
  await page.getByRole('listitem').filter({ hasText: total }).getByText('Placed').waitFor();
  await page.getByRole('link', { name: /Desk Lamp/ }).click();
  await page.getByRole('button', { name: 'Cancel this order…' }).click();
  await page.getByRole('button', { name: 'Cancel the order' }).click();
  await page.getByText('Cancelled on').waitFor();
  expect(shop.faults).toEqual([]);
});

test('a stranger registers with a name that is markup, opens the link of the mail, and orders', async () => {
  const email = `new-${crypto.randomUUID()}@example.com`;
  const name = '<img src=x onerror="document.title=1">';
  const page = await shop.open('register');
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill('short');
  await page.getByRole('button', { name: 'Create an account' }).click();
  expect(await page.evaluate("document.querySelector('input[name=password]').validity.tooShort")).toBe(true);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Create an account' }).click();
  await page.getByText(`We have sent a mail to ${email}`).waitFor();
  const mail = await shop.context.newPage();
  await mail.goto(await shop.linkOf(email, 'verify-email'));
  await mail.getByRole('button', { name: 'Confirm the address' }).click();
  await mail.getByText('Your address is confirmed.').waitFor();
  // The token is gone from the address, and so from the history.
  expect(new URL(mail.url()).hash).toBe('');
  await nav(page).getByRole('link', { name: 'Orders' }).waitFor();
  await nav(mail).getByRole('link', { name: 'Account' }).click();
  await mail.getByText(name, { exact: true }).waitFor();
  expect(await mail.locator('img').count()).toBe(0);
  await fillBasket(mail);
  await nav(mail)
    .getByRole('link', { name: /^Basket/ })
    .click();
  await mail.getByRole('button', { name: 'Order and pay' }).click();
  await mail.getByText('Your order is placed').waitFor();
  const stored = String(
    await mail.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])'),
  );
  expect(stored).not.toMatch(/eyJ|token|refresh/i);
  expect(shop.faults).toEqual([]);
});

test('in another browser the link of a registration asks for the password', async () => {
  const email = `new-${crypto.randomUUID()}@example.com`;
  const page = await shop.open('register');
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Create an account' }).click();
  await page.getByText('Look into your mailbox').waitFor();
  const elsewhere = await (await shop.openContext()).newPage();
  await elsewhere.goto(await shop.linkOf(email, 'verify-email'));
  await elsewhere.getByRole('button', { name: 'Confirm the address' }).click();
  await elsewhere.getByLabel('Password').fill(password);
  await elsewhere.getByRole('button', { name: 'Confirm the address' }).click();
  await elsewhere.getByText('Your address is confirmed.').waitFor();
});

test('a forgotten password is set anew by the link of a mail', async () => {
  const email = await shop.createCustomer();
  const page = await shop.open('sign-in');
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  // The page before it has a field of this name too.
  const send = page.getByRole('button', { name: 'Send a link' });
  await send.waitFor();
  await page.getByLabel('E-mail').fill(email);
  await send.click();
  await page.getByText('If there is an account').waitFor();
  // The mail program has cut the link off: the whole of it is put into the same tab.
  await page.goto(new URL('reset-password#token=cut', shop.base).href);
  await page.getByLabel('New password').fill('another long sentence');
  await page.getByRole('button', { name: 'Set the password' }).click();
  await page.getByRole('alert').filter({ hasText: /\w/ }).first().waitFor();
  await page.goto(await shop.linkOf(email, 'reset-password'));
  await expect.poll(() => page.url()).not.toContain('#');
  await page.getByLabel('New password').fill('password1234');
  await page.getByRole('button', { name: 'Set the password' }).click();
  await page.locator('.field .fault').waitFor();
  await page.getByLabel('New password').fill('another long sentence');
  await page.getByRole('button', { name: 'Set the password' }).click();
  await page.getByText('Your password is changed').waitFor();
  await shop.signIn(page, email, 'another long sentence');
});

test('a session that is ended elsewhere keeps the basket, and another account gets none of it', async () => {
  const email = await shop.createCustomer();
  const page = await shop.open('');
  await shop.signIn(page, email);
  await fillBasket(page);
  await nav(page)
    .getByRole('link', { name: /^Basket/ })
    .click();
  await page.getByRole('button', { name: 'Order and pay' }).waitFor();
  const [ended, elsewhere] = [await shop.signInElsewhere(email), await shop.signInElsewhere(email)];
  await shop.platform.ask('mutation { endOtherSessions }', { token: elsewhere });
  // A token of such a session is taken for up to a second more, and the order would be placed.
  const ask = () => shop.platform.ask('{ me { id } }', { token: ended, entrance: 'user' });
  await expect.poll(async () => (await ask()).body.errors).toBeDefined();
  await page.getByRole('button', { name: 'Order and pay' }).click();
  await page.getByRole('link', { name: 'Sign in to order' }).waitFor();
  await nav(page)
    .getByRole('link', { name: /^Basket 1\s*item/ })
    .waitFor();
  await page.getByRole('link', { name: 'Sign in to order' }).click();
  await page.getByText('Your session has ended').waitFor();
  await shop.signIn(page, await shop.createCustomer());
  await nav(page).getByRole('link', { name: 'Basket', exact: true }).waitFor();
});

test('offline, nothing is lost, and one order comes of it when the network is back', async () => {
  const email = await shop.createCustomer();
  const page = await shop.open('');
  await shop.signIn(page, email);
  await fillBasket(page);
  await nav(page)
    .getByRole('link', { name: /^Basket/ })
    .click();
  await page.getByRole('button', { name: 'Order and pay' }).waitFor();
  // The order arrives, and its answer does not.
  await page.route('**/graphql', async (route) => {
    if (!route.request().postData()?.includes('PlaceOrder')) return route.continue();
    await route.fetch();
    await route.abort();
  });
  await page.getByRole('button', { name: 'Order and pay' }).click();
  await page.getByText('No connection.').waitFor();
  await page.unroute('**/graphql');
  await shop.context.setOffline(true);
  await page.getByRole('button', { name: 'Order and pay' }).click();
  await page.getByText('No connection.').waitFor();
  await nav(page).getByRole('link', { name: 'Orders' }).click();
  await page.getByText('No connection.').first().waitFor();
  await shop.context.setOffline(false);
  await page.getByRole('listitem').filter({ hasText: 'Placed' }).waitFor();
  await nav(page)
    .getByRole('link', { name: /^Basket/ })
    .click();
  await page.getByRole('button', { name: 'Order and pay' }).click();
  await page.getByText('Your order is placed').waitFor();
  await nav(page).getByRole('link', { name: 'Orders' }).click();
  await expect.poll(() => page.locator('.rows .row').count()).toBe(1);
});

test('two tabs have one basket and one session', async () => {
  const email = await shop.createCustomer();
  const one = await shop.open('');
  const two = await shop.open('');
  await shop.signIn(one, email);
  await nav(two).getByRole('link', { name: 'Account' }).waitFor();
  await fillBasket(one);
  await nav(two)
    .getByRole('link', { name: /^Basket 1\s*item/ })
    .waitFor();
  await two.goto(new URL('account', shop.base).href);
  await two.getByText(email).waitFor();
  await one.getByRole('button', { name: 'Sign out', exact: true }).click();
  await two.getByText('Sign in to see this.').waitFor();
  expect(await two.getByText(email).count()).toBe(0);
  // Who signs out leaves no basket to the next person.
  await nav(two).getByRole('link', { name: 'Basket', exact: true }).waitFor();
});

test('a customer adds a passkey after a step-up and an app, keeps the recovery codes, and signs in by them', async () => {
  const email = await shop.createCustomer();
  const page = await shop.open('');
  const authenticator = await shop.context.newCDPSession(page);
  await authenticator.send('WebAuthn.enable', { enableUI: false });
  const { authenticatorId } = await authenticator.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await shop.signIn(page, email);
  await shop.platform.home.database.query(
    `update auth.user_session set auth_time = now() - interval '1 hour'
      where user_id = (select id from auth."user" where email = $1)`,
    [email],
  );
  await page.goto(new URL('account', shop.base).href);
  await page.getByLabel('Name of the passkey').fill('<b>key</b>');
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  const proof = page.getByRole('dialog', { name: 'Confirm that it is you' });
  await proof.getByLabel('Password').fill('wrong');
  await proof.getByRole('button', { name: 'Confirm' }).click();
  await proof.locator('.fault').first().waitFor();
  await proof.getByLabel('Password').fill(password);
  await proof.getByRole('button', { name: 'Confirm' }).click();
  const codes = page.getByRole('dialog', { name: 'Keep these recovery codes' });
  await expect.poll(() => codes.getByRole('listitem').count()).toBe(10);
  for (let n = 0; n < 3; n += 1) await page.keyboard.press('Escape');
  await expect.poll(() => codes.getByRole('listitem').first().isVisible()).toBe(true);
  const code = await codes.getByRole('listitem').first().innerText();
  await codes.getByRole('button', { name: 'I have kept them' }).click();
  await page.getByText('<b>key</b>').waitFor();

  // The form's autofill waits for the person, and the button works beside it.
  const presence = (enabled: boolean) =>
    authenticator.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
  await presence(false);
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.getByText('Sign in to see this.').waitFor();
  await page.getByRole('main').getByRole('link', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Sign in with a passkey' }).waitFor();
  await presence(true);
  // On a busy machine the autofill reaches the authenticator now only, and signs in by itself.
  const account = page.getByRole('heading', { name: 'Account', exact: true });
  await page.getByRole('button', { name: 'Sign in with a passkey' }).or(account).first().click();
  await account.waitFor();
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.getByText('Sign in to see this.').waitFor();

  // Where the authenticator is not at hand, a recovery code stands in.
  await presence(false);
  await page.goto(new URL('sign-in', shop.base).href);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByLabel('Recovery code').fill(code);
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByRole('button', { name: 'Sign out', exact: true }).waitFor();
  await page.goto(new URL('account', shop.base).href);
  await page.getByText('9 are left.').waitFor();
  await page.getByRole('button', { name: 'Add an app' }).click();
  const app = page.getByRole('dialog', { name: 'Add an app' });
  const secret = await app.locator('code').innerText();
  await app.getByLabel('Code of your app').fill('000000');
  await app.getByRole('button', { name: 'Confirm' }).click();
  await app.locator('.field .fault').waitFor();
  await app.getByLabel('Code of your app').fill(new TOTP({ secret }).generate());
  await app.getByRole('button', { name: 'Confirm' }).click();
  await page.getByRole('button', { name: 'Replace the app' }).waitFor();
  expect(shop.faults).toEqual([]);
});

test('a customer changes the address and the password, ends a session elsewhere, asks for a copy and for the end', async () => {
  const email = await shop.createCustomer();
  const elsewhere = await shop.signInElsewhere(email);
  const page = await shop.open('');
  await shop.signIn(page, email);
  await page.goto(new URL('account', shop.base).href);
  await page
    .getByRole('button', { name: /^Sign out there:/ })
    .first()
    .click();
  await expect.poll(() => page.getByRole('button', { name: /^Sign out there:/ }).count()).toBe(1);
  await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
  await expect.poll(() => page.getByRole('button', { name: /^Sign out there:/ }).count()).toBe(0);
  expect(reasonsOf(await shop.platform.ask('{ me { id } }', { token: elsewhere }))).toEqual([
    'auth.failure.revoked',
  ]);

  await page.getByLabel('Current password').fill('not this one');
  await page.getByLabel('New password').fill('another long sentence');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.locator('.field .fault').waitFor();
  await page.getByLabel('Current password').fill(password);
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByText('Your password is changed').waitFor();

  const next = `next-${email}`;
  await page.getByLabel('New address').fill(next);
  await page.getByRole('button', { name: 'Change the address' }).click();
  await page.getByText(`We have sent a mail to ${next}`).waitFor();
  await page.goto(await shop.linkOf(next, 'email-change'));
  await page.getByRole('button', { name: 'Confirm the new address' }).click();
  await page.getByText('Your new address is confirmed.').waitFor();

  await page.goto(new URL('account', shop.base).href);
  await page.getByText(next).waitFor();
  await page.getByRole('button', { name: 'Ask for a copy' }).click();
  const download = page.getByRole('button', { name: 'Download' });
  await expect
    .poll(
      async () => {
        if (await download.count()) return true;
        await page.getByRole('button', { name: 'Look again' }).click();
        return false;
      },
      // A subgraph whose part fails, as on a machine with no time for it, tries again after 10, 20 and 40 seconds.
      { timeout: 120_000 },
    )
    .toBe(true);
  const started = page.waitForEvent('download');
  await download.click();
  expect((await started).suggestedFilename()).toBe('my-data.json');

  await page.getByRole('button', { name: 'Delete my account…' }).click();
  await page.getByRole('button', { name: 'Delete my account', exact: true }).click();
  await page.getByText('Your account will be deleted on').waitFor();
  await page.getByRole('button', { name: 'Keep my account' }).click();
  await page.getByText('Your account will be deleted on').waitFor({ state: 'detached' });
  await page.goto(await shop.linkOf(email, 'email-change-notice'));
  await page.getByRole('button', { name: 'Take the change back' }).click();
  await page.getByText('Your earlier address counts again').waitFor();
});

test('a member of staff who acts as a customer sees that, how long, and ends it', async () => {
  const email = await shop.createCustomer();
  const [customer] = await shop.platform.home.database.query<{ id: string }>(
    'select id from auth."user" where email = $1',
    [email],
  );
  const staff = await shop.platform.signIn('portal', 'admin@example.com');
  const beginActing = async () => {
    const { body } = await shop.platform.ask(
      'mutation ($id: ID!) { it: impersonateCustomer(input: { customerId: $id, reasonClass: SUPPORT_REQUEST, reason: "Help", ticket: "T-1" }) { grant } }',
      { token: staff, variables: { id: customer?.id } },
    );
    return String(body.data.it.grant);
  };
  const page = await shop.open(`act#grant=${await beginActing()}`);
  const banner = page.getByRole('region', { name: 'Acting as a customer' });
  await banner.getByText(`You see the shop as ${email}.`).waitFor();
  expect(await banner.getByRole('timer').innerText()).toMatch(/^1[45]:\d\d left\.$/);
  expect(page.url()).not.toContain('grant');
  await nav(page).getByRole('link', { name: 'Account' }).click();
  await page.getByText('Only the customer sees and changes the rest').waitFor();
  expect(await page.getByLabel('New password').count()).toBe(0);
  // The customer sees it too, and can end it.
  const own = await (await shop.openContext()).newPage();
  await shop.signIn(own, email);
  await own.goto(new URL('account', shop.base).href);
  await own.getByText('Support acts as you').waitFor();
  await banner.getByRole('button', { name: 'End' }).click();
  await banner.waitFor({ state: 'detached' });
  // Their own basket is not the customer's, whose visit has ended.
  const mine = await (await shop.openContext()).newPage();
  await shop.signIn(mine, await shop.createCustomer());
  await fillBasket(mine);
  const second = await mine.context().newPage();
  await second.goto(new URL(`act#grant=${await beginActing()}`, shop.base).href);
  const secondBanner = second.getByRole('region', { name: 'Acting as a customer' });
  await secondBanner.getByRole('button', { name: 'End' }).click();
  await secondBanner.waitFor({ state: 'detached' });
  await nav(second).getByRole('link', { name: 'Sign in' }).waitFor();
  await mine.reload();
  await nav(mine)
    .getByRole('link', { name: /^Basket 1\s*item/ })
    .waitFor();
  const used = await shop.open('act#grant=used-already');
  await used.getByText('This has been used already').waitFor();
});

test('what the shop’s own texts hold is shown as text', async () => {
  const name = '<script>document.title=1</script>"><img src=x onerror=alert(1)>';
  const { query } = shop.platform.home.database;
  const [found] = await query<{ id: string; name: string }>(
    'select id, name from catalog.product where archived_at is null order by id limit 1',
  );
  const product = found as { id: string; name: string };
  await query('update catalog.product set name = $2, description = $2 where id = $1', [product.id, name]);
  try {
    const page = await shop.open(`products/${product.id}`);
    await page.getByRole('heading', { name, level: 1 }).waitFor();
    expect(await page.locator('main img, main script').count()).toBe(0);
    await page.goto(new URL(`?text=${encodeURIComponent('<b>x</b>')}`, shop.base).href);
    await page.getByRole('heading', { name: '<b>x</b>' }).waitFor();
  } finally {
    await query('update catalog.product set name = $2, description = $2 where id = $1', [
      product.id,
      product.name,
    ]);
  }
  expect(shop.faults).toEqual([]);
});

test.each(['light', 'dark'] as const)('no page has a barrier that axe finds: %s', async (colorScheme) => {
  const page = await (
    await shop.openContext({ colorScheme, viewport: { width: 360, height: 740 } })
  ).newPage();
  const look = async (path: string, heading: string) => {
    await page.goto(new URL(path, shop.base).href);
    await page.getByRole('heading', { name: heading, exact: true }).waitFor();
    await expect.poll(() => page.locator('.skeleton, .placeholder').count()).toBe(0);
    expect(await shop.findBarriers(page)).toEqual([]);
    // Nothing is wider than a small screen.
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
  };
  await look('', 'All products');
  await page
    .getByRole('button', { name: /^Add to basket/ })
    .first()
    .click();
  await page.locator('.product-link').first().click();
  await page.locator('.description').waitFor();
  expect(await shop.findBarriers(page)).toEqual([]);
  await look('register', 'Create an account');
  await look('forgot-password', 'Forgot your password?');
  await look('verify-email#token=x', 'Confirm your address');
  await shop.signIn(page, 'ada@example.com', seedPassword);
  await look('basket', 'Basket');
  await look('orders', 'My orders');
  await page.locator('.row-main').first().click();
  await page.getByRole('table').waitFor();
  expect(await shop.findBarriers(page)).toEqual([]);
  await look('account', 'Account');
  await page.getByRole('button', { name: 'Delete my account…' }).click();
  expect(await shop.findBarriers(page)).toEqual([]);
});

test('speaks German, at 127.0.0.1 too, and goes by keyboard', async () => {
  const page = await (await shop.openContext({ locale: 'de-AT' })).newPage();
  await page.goto(shop.base.replace('localhost', '127.0.0.1'));
  await page.getByRole('heading', { name: 'Alle Produkte' }).waitFor();
  expect(await page.locator('html').getAttribute('lang')).toBe('de');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  expect(await page.evaluate('location.hash')).toBe('#content');
  await page.getByRole('link', { name: 'Anmelden' }).focus();
  await page.keyboard.press('Enter');
  await page.getByLabel('E-Mail').fill('ada@example.com');
  await page.getByLabel('Passwort').fill('wrong');
  await page.keyboard.press('Enter');
  await page.getByText('E-Mail oder Passwort ist falsch.').waitFor();
  await page.getByLabel('Passwort').fill(seedPassword);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Abmelden' }).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Abmelden' }).waitFor();
});

test('a link leads back to this shop and nowhere else, and the page cannot be framed', async () => {
  const email = await shop.createCustomer();
  const page = await shop.open(`sign-in?to=${encodeURIComponent('//evil.example/')}`);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('heading', { name: 'All products' }).waitFor();
  expect(page.url()).toBe(shop.base);
  // Nor what browsers read as the same.
  await page.goto(new URL(`sign-in?to=${encodeURIComponent('/\t/evil.example/')}`, shop.base).href);
  await page.getByRole('heading', { name: 'All products' }).waitFor();
  expect(page.url()).toBe(shop.base);
  const { headers } = await fetch(new URL('orders/x', shop.base));
  expect(headers.get('content-security-policy')).toContain(
    "frame-ancestors 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' http://localhost:",
  );
});
