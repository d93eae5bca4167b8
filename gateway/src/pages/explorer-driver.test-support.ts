import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';

// For tests only: what a person does in the explorer.

/** Long, since a busy machine takes its time to load and run 5 MB of scripts. */
const patienceMs = 45_000;

export function createExplorerDriver(page: Page, baseUrl: string) {
  const operationEditor = page.locator('.graphiql-query-editor .monaco-editor').first();

  async function readEditor(
    name: 'request-headers.json' | 'response.json' | 'operation.graphql',
  ): Promise<string> {
    const model = `globalThis.__MONACO?.editor.getModels().find((model) => model.uri.path.endsWith('${name}'))`;
    return page.evaluate(`${model}?.getValue() ?? ''`);
  }

  async function replaceText(text: string): Promise<void> {
    await operationEditor.click();
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.press('Delete');
    await page.keyboard.insertText(text);
  }

  return {
    readEditor,
    async open(): Promise<void> {
      await page.goto(new URL('/explorer', baseUrl).href);
      await operationEditor.waitFor({ timeout: patienceMs });
    },
    async signIn(email: string): Promise<void> {
      await page.locator(`[data-account][title="${email}"]`).click();
      await page
        .locator(`[data-account][title="${email}"][aria-pressed="true"]`)
        .waitFor({ timeout: patienceMs });
      await until(
        async () => (await readEditor('request-headers.json')).includes('"Bearer '),
        'no token in the headers',
      );
    },
    async signOut(): Promise<void> {
      await page.locator('[data-action="sign-out"]').click();
      await until(
        async () => (await readEditor('request-headers.json')) === '',
        'the headers keep the token',
      );
    },
    /** Types an operation without a name, presses the button, resolves to the text of the answer. */
    async run(operation: string): Promise<string> {
      await replaceText(operation);
      await until(
        async () => (await readEditor('operation.graphql')) === operation,
        `not typed: ${operation}`,
      );
      // Sooner, GraphiQL would still send the name of the operation that was there before.
      await page.locator('.graphiql-tab-active').getByText('<untitled>').waitFor({ timeout: patienceMs });
      const answered = page.waitForResponse((response) => response.url().endsWith('/graphql'), {
        timeout: patienceMs,
      });
      await page.locator('.graphiql-execute-button').click();
      await answered;
      await until(async () => (await readEditor('response.json')) !== '', 'no answer is shown');
      return readEditor('response.json');
    },
    async writeHeaders(text: string): Promise<void> {
      // The editor loads late, and then takes the focus: what was typed before is lost.
      await until(async () => {
        await page.locator('.graphiql-editor-tool .monaco-editor:visible').first().click();
        await page.keyboard.press('ControlOrMeta+A');
        await page.keyboard.press('Delete');
        await page.keyboard.insertText(text);
        return (await readEditor('request-headers.json')) === text;
      }, 'the headers were not typed');
    },
    /** What the editor offers after the typed text. */
    async complete(text: string): Promise<string[]> {
      await replaceText('');
      await page.keyboard.type(text, { delay: 30 });
      const offers = page.locator('.suggest-widget.visible .monaco-list-row .label-name');
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
      await page.locator('.graphiql-tab-add').click();
      await until(async () => (await readEditor('operation.graphql')) === '', 'no new tab');
    },
    /** The text of the documentation panel. */
    async readDocumentation(): Promise<string> {
      await page
        .getByRole('button', { name: /documentation explorer/i })
        .first()
        .click();
      const panel = page.locator('.graphiql-doc-explorer');
      await panel.getByText('Query', { exact: true }).first().click({ timeout: patienceMs });
      await panel.getByText('me', { exact: true }).first().waitFor({ timeout: patienceMs });
      return panel.innerText();
    },
  };
}

async function until(holds: () => Promise<boolean>, otherwise: string): Promise<void> {
  const end = Date.now() + patienceMs;
  while (!(await holds())) {
    assert(Date.now() < end, otherwise);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
