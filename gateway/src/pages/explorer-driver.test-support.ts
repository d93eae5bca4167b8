import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';

// For tests only: what a person does in the explorer.

const patienceMs = 45_000;

type EditorName = 'Operation' | 'Variables' | 'Headers' | 'Answer';

export function createExplorerDriver(page: Page, baseUrl: string) {
  const editor = (name: EditorName) => page.locator(`[data-editor="${name}"] .cm-content`);

  /** What the editor shows. One that scrolls shows a part: tests use short texts. */
  async function read(name: EditorName): Promise<string> {
    const lines = await editor(name).locator('.cm-line').allTextContents();
    return lines.join('\n');
  }

  async function replaceText(name: EditorName, text: string): Promise<void> {
    await editor(name).click();
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.press('Delete');
    await page.keyboard.insertText(text);
  }

  return {
    read,
    async open(): Promise<void> {
      await page.goto(new URL('/explorer', baseUrl).href);
      await editor('Operation').waitFor({ timeout: patienceMs });
    },
    async signIn(email: string): Promise<void> {
      await page.locator(`[data-account][title="${email}"]`).click();
      await this.waitForAccount(email);
    },
    async waitForAccount(email: string): Promise<void> {
      await page
        .locator(`[data-account][title="${email}"][aria-pressed="true"]`)
        .waitFor({ timeout: patienceMs });
    },
    async signOut(): Promise<void> {
      await page.locator('[data-action="sign-out"]').click();
      await page.getByText('Signed out.').waitFor({ timeout: patienceMs });
    },
    /** Types an operation, runs it by the keyboard, resolves to the text of the answer. */
    async run(operation: string): Promise<string> {
      await replaceText('Operation', operation);
      const answered = page.waitForResponse((response) => response.url().endsWith('/graphql'), {
        timeout: patienceMs,
      });
      await page.keyboard.press('ControlOrMeta+Enter');
      await answered;
      await page
        .locator('.answer output')
        .getByText(/^\d{3}, \d+ ms$/)
        .waitFor({ timeout: patienceMs });
      return read('Answer');
    },
    reasons: () => page.locator('.reasons li').allTextContents(),
    async writeHeaders(text: string): Promise<void> {
      await page.getByRole('tab', { name: 'Headers' }).click();
      await replaceText('Headers', text);
    },
    /** What the editor offers after the typed text. */
    async complete(text: string): Promise<string[]> {
      await replaceText('Operation', '');
      await page.keyboard.type(text, { delay: 30 });
      const offers = page.locator('.cm-tooltip-autocomplete .cm-completionLabel');
      await until(async () => {
        if ((await offers.count()) > 0) return true;
        await page.keyboard.press('Control+Space');
        return false;
      }, `nothing is offered after ${text}`);
      const names = await offers.allInnerTexts();
      await page.keyboard.press('Escape');
      return names;
    },
    async openTab(): Promise<void> {
      await page.getByRole('button', { name: 'New operation' }).click();
      await until(async () => (await read('Operation')) === '', 'no new tab');
    },
    /** The text of the documentation: its root types, and what a search finds. */
    async readDocumentation(search = ''): Promise<string> {
      const docs = page.getByRole('complementary', { name: 'Documentation' });
      await docs.getByText('Query', { exact: true }).first().waitFor({ timeout: patienceMs });
      await docs.getByRole('searchbox').fill(search);
      const text = await docs.innerText();
      await docs.getByRole('searchbox').fill('');
      return text;
    },
  };
}

async function until(condition: () => Promise<boolean>, fault: string): Promise<void> {
  const giveUpAt = Date.now() + patienceMs;
  while (!(await condition())) {
    assert(Date.now() < giveUpAt, fault);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
