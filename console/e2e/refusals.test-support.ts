import { describe, expect, test } from 'vitest';
import type { Console } from './console.test-support.ts';

const patience = { timeout: 30_000 };

/** Why a request was refused, and whether the audit log is as it was sealed. */
export function testRefusals(staff: Console): void {
  describe('refusals', () => {
    /** The gateway sends its records once a second, and a list of them is asked for once. */
    const waitForRecord = (requestId: string) =>
      expect
        .poll(() =>
          staff.platform.home.database.query('select 1 from auth.refusal_record where request_id = $1', [
            requestId,
          ]),
        )
        .toHaveLength(1);

    /** A refused request, and the text of its answer as the client has it. */
    async function refuse(query: string, token?: string): Promise<{ requestId: string; text: string }> {
      const bearer = token ?? (await staff.platform.signIn('user', 'ada@example.com'));
      const answer = await fetch(new URL('/graphql', staff.platform.urlOf('graph')), {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
        body: JSON.stringify({ query }),
      });
      const requestId = answer.headers.get('x-request-id') ?? '';
      await waitForRecord(requestId);
      return { requestId, text: await answer.text() };
    }

    test('are explained: the pasted error leads to each check, the one that said no, and what to do', async () => {
      const { requestId, text } = await refuse('query Health { portalHealth }');
      const page = await staff.open('refusals', 'support@example.com');
      await page.getByLabel('Request id, or the whole error').fill(text);
      await page.getByRole('button', { name: 'Find' }).click();
      await page.getByText('Customers and staff have fields of their own.').first().waitFor();
      expect(page.url()).toContain(`/console/refusals/${requestId}`);
      await page.getByText('a token of the platform portal: not met').waitFor();
      const resultOf = (check: string) =>
        page.getByRole('listitem').filter({ hasText: check }).locator('.check-result').innerText();
      expect(await resultOf('Token: signature')).toBe('Passed');
      expect(await resultOf('Access rules')).toBe('Refused');
      expect(await resultOf('The subgraph answers')).toBe('Not reached');
      await page.getByRole('link', { name: 'ada@example.com' }).waitFor();
      await page.getByText('query Health').waitFor();

      await page.getByRole('link', { name: 'All refusals' }).click();
      await page.getByRole('button', { name: /authz\.platform\.deny/ }).click();
      expect(page.url()).toContain('reason=authz.platform.deny');
      await page.getByRole('table').getByRole('link').first().waitFor();
    });

    test('of a visit without a session are left out of the list and counted apart, and their id explains them', async () => {
      // As a page of the customers asks. The console's own visits may have used up their share of this minute at the portal's entrance.
      const url = new URL('/graphql', staff.platform.urlOf('user'));
      const visit = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'signet-session': 'cookie', origin: url.origin },
        body: JSON.stringify({ query: 'mutation { refresh { accessToken } }' }),
      });
      const visitId = String(visit.headers.get('x-request-id'));
      expect(await visit.text()).toContain('auth.failure.missing_token');
      const { requestId } = await refuse('query Health { portalHealth }');
      const page = await staff.open(`refusals/${visitId}`, 'support@example.com');
      await page.getByText('Sign in first').first().waitFor();
      const inList = (id: string) => page.locator(`a[href$="${id}"]`).count();
      await page.getByRole('link', { name: 'All refusals' }).click();
      await expect.poll(() => inList(requestId)).toBe(1);
      expect(await inList(visitId)).toBe(0);
      const box = page.getByLabel('List requests without a sign-in too');
      // Its state is in the address, which follows a moment later: `check` would not wait for that.
      await box.click();
      await expect.poll(() => box.isChecked()).toBe(true);
      await expect.poll(() => inList(visitId)).toBe(1);
      expect(await inList(requestId)).toBe(1);
      await page.reload();
      await expect.poll(() => inList(visitId)).toBe(1);
      await page.getByRole('button', { name: /auth\.failure\.missing_token/ }).click();
      await expect.poll(async () => [await inList(requestId), await inList(visitId)]).toEqual([0, 1]);
    });

    test('of a program at the token endpoint are explained too, without its secret', async () => {
      const secret = 'not-the-secret-of-anybody';
      // At the entrance whose share of this minute the console's own refusals do not use up.
      const answer = await fetch(new URL('/oauth/user/token', staff.platform.urlOf('user')), {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`${crypto.randomUUID()}:${secret}`).toString('base64')}`,
        },
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
      });
      expect(answer.status).toBe(401);
      const id = answer.headers.get('x-request-id');
      const page = await staff.open(`refusals/${id}`, 'support@example.com');
      const refused = page.getByRole('listitem').filter({ hasText: 'The client is itself' });
      expect(await refused.locator('.check-result').first().innerText()).toBe('Refused');
      await page.getByText('Compare client_id with the service account').waitFor();
      await page.getByText('/oauth/user/token').waitFor();
      expect(await page.getByText('Token: signature').count()).toBe(0);
      const rows = await staff.platform.home.database.query(
        'select r::text as row from auth.refusal_record r where request_id = $1',
        [id],
      );
      expect(rows).toHaveLength(1);
      expect(rows[0]?.row).not.toMatch(new RegExp(`${secret}|${Buffer.from(secret).toString('base64url')}`));
    });

    test('are explained in German, as is what the API says of an input', async () => {
      const { requestId } = await refuse('query Health { portalHealth }');
      const page = await (await staff.useContext({ locale: 'de-AT' })).newPage();
      await page.goto(new URL(`refusals/${requestId}`, staff.base).href);
      await page.getByLabel('E-Mail', { exact: true }).fill('support@example.com');
      await page.getByLabel('Passwort', { exact: true }).fill(staff.password);
      await page.getByRole('button', { name: 'Anmelden', exact: true }).click();
      await page.getByText('Dieses Feld braucht ein Token der anderen Plattform.').first().waitFor();
      await page.goto(new URL(`refusals/${'x'.repeat(201)}`, staff.base).href);
      await page.getByText('Eine Anfrage-ID hat 1 bis 200 Zeichen').waitFor();
    });

    test('that are not there are not guessed at', async () => {
      const page = await staff.open('refusals/edge-7', 'support@example.com');
      await page.getByText('Nothing is known of this id.').waitFor();
      await page.getByLabel('Request id, or the whole error').fill('it does not work');
      await page.getByRole('button', { name: 'Find' }).click();
      await page.getByText('There is no request id in this text.').waitFor();
    });

    test('of a colleague are not for support, and a screen that was refused leads to its own', async () => {
      const token = await staff.platform.signIn('portal', 'admin@example.com');
      const { requestId } = await refuse('{ me { id } }', token);
      const page = await staff.open(`refusals/${requestId}`, 'support@example.com');
      await page.getByText('It came from another member of staff').waitFor();
      await page.goto(new URL('audit', staff.base).href);
      await page
        .getByRole('link', { name: /^Request / })
        .first()
        .click();
      await page.getByText('Roles that have it: super_admin.').first().waitFor();
    });
  });

  describe('the chain of the audit log', () => {
    test('is verified at a press, and a row that was changed in the database is shown', async () => {
      const { database } = staff.platform.home;
      const page = await staff.open('audit');
      const verify = page.getByRole('button', { name: 'Verify now' });
      await expect.poll(() => verify.isEnabled(), patience).toBe(true);
      await verify.click();
      await expect.poll(() => page.getByText('Intact').count(), patience).toBe(2);
      const [row] = await database.query(
        `select s.event_ids[1] as id, e.details from auth.audit_seal s join auth.audit_event e on e.id = s.event_ids[1]
         where s.platform = 'portal' order by s.number desc limit 1`,
      );
      const change = (details: object) =>
        database.query('update auth.audit_event set details = $2 where id = $1', [
          row?.id,
          JSON.stringify(details),
        ]);
      await change({ ...(row?.details as object), by: 'nobody' });
      try {
        await verify.click();
        await page.getByText('One place of the log is not as it was sealed.').waitFor();
        await page.getByText('Changed from outside').waitFor();
        await page.getByText(`row ${row?.id} of portal seal`).waitFor();
        expect(await staff.findBarriers(page)).toEqual([]);
      } finally {
        await change(row?.details as object);
      }
      await expect.poll(() => verify.isEnabled(), patience).toBe(true);
      await verify.click();
      await expect.poll(() => page.getByText('Intact').count(), patience).toBe(2);
    });
  });
}
