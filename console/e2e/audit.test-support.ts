import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { Console } from './console.test-support.ts';

const reason = `A long reason, ${'which no cell has room for, '.repeat(8)}to its end`;

/** The audit log: events that are longer than their row, and links to them. */
export function testAudit(staff: Console): void {
  /** Three events of last night. */
  async function addEvents(subjectId: string): Promise<void> {
    await staff.platform.home.database.query(
      `insert into auth.audit_event (tenant_id, kind, platform, subject_id, happened_at, details)
       select t.id, 'auth.factor.reset_requested', 'portal', $1, date_trunc('day', now()) - make_interval(secs => n), jsonb_build_object('number', n, 'reason', $2::text)
       from auth.tenant t, generate_series(1, 3) n where t.slug = 'demo'`,
      [subjectId, reason],
    );
  }
  const details = (page: Page) => page.locator('.table-details');

  describe('an event of the audit log', () => {
    test('is opened by keyboard and read to its end, and its link leads to it, in another time zone too', async () => {
      const subject = crypto.randomUUID();
      await addEvents(subject);
      const page = await staff.open(`audit?subject=${subject}`);
      const open = page.getByRole('button', { name: /^Details: auth\.factor\.reset_requested/ });
      await expect.poll(() => open.count()).toBe(3);
      expect(
        await page.evaluate(
          `[...document.querySelectorAll('[data-label=Details]')].every((cell) => cell.scrollWidth > cell.clientWidth)`,
        ),
      ).toBe(true);
      await open.nth(1).focus();
      await page.keyboard.press('Enter');
      expect(await open.nth(1).getAttribute('aria-expanded')).toBe('true');
      await details(page).getByText(reason).waitFor();
      expect(await staff.findBarriers(page)).toEqual([]);
      // What is below moves down, and covers nothing.
      const [own, next] = await Promise.all(
        [2, 3].map((nth) => page.getByRole('row').nth(nth).boundingBox()),
      );
      expect(next?.y).toBeGreaterThanOrEqual((own?.y ?? 0) + (own?.height ?? Infinity) - 1);
      await page.keyboard.press('Enter');
      await details(page).waitFor({ state: 'detached' });
      await page.keyboard.press('Enter');
      await page.getByRole('link', { name: 'Link to this event' }).click();
      await details(page).getByText(reason).waitFor();
      const link = page.url();

      const elsewhere = await (
        await staff.useContext({ locale: 'en-NZ', timezoneId: 'Pacific/Auckland' })
      ).newPage();
      await elsewhere.goto(link);
      await staff.signIn(elsewhere, 'admin@example.com');
      const shown = details(elsewhere);
      await shown.getByText(reason).waitFor();
      expect(await shown.count()).toBe(1);
      expect(await shown.getByRole('definition').allInnerTexts()).toContain('2');
      // It is the first of the list, which goes on with what was before it.
      expect(await elsewhere.getByRole('row').count()).toBe(3);

      await elsewhere.goto(link.replace(/event=[^&]+/, `event=${crypto.randomUUID()}`));
      await elsewhere.getByText('The event of this link is not in this list.').waitFor();
    });
  });
}
