import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type SettingGroup, settingGroups } from '@signet/launcher/settings';
import { describe, expect, it } from 'vitest';
import { generateSettingsFiles, writeEnvironmentExample, writeSettingsPage } from './settings.ts';

const root = join(import.meta.dirname, '../..');
const group = (
  settings: Partial<SettingGroup['settings'][number]>[],
  isOfContainers = true,
): SettingGroup => ({
  title: 'Part',
  readBy: 'the part',
  isOfContainers,
  settings: settings.map((setting) => ({
    name: 'NAME',
    description: 'A text.',
    default: undefined,
    isSecret: false,
    ...setting,
  })),
});
const separator = '<!-- Below this line: written by npm run compose from the fields of the settings. -->\n';

describe('the lists of settings', () => {
  it('are those that npm run compose has written', () => {
    for (const { path, content } of generateSettingsFiles(root)) {
      expect(readFileSync(path, 'utf8')).toBe(content);
    }
  });

  it('give no secret a default', () => {
    const settings = settingGroups.flatMap((one) => one.settings);
    expect(settings.filter((setting) => setting.isSecret && setting.default !== undefined)).toEqual([]);
    expect(settings.filter(({ name, isSecret }) => /PEPPER|PASSWORD$/.test(name) && !isSecret)).toEqual([]);
  });
});

describe('docs/settings.md', () => {
  it('keeps the text above the line, and has a table for each group below it', () => {
    const groups = [group([{ default: '5' }, { name: 'KEY', isSecret: true, description: 'a|b.' }])];
    const page = writeSettingsPage(`# Settings\n\nText.\n\n${separator}\nold tables\n`, groups);
    expect(page).toBe(`# Settings\n\nText.\n\n${separator}
## Part

Read by the part.

| variable | default | |
| --- | --- | --- |
| \`NAME\` | \`5\` | A text. |
| \`KEY\` | | a\\|b. Secret. |
`);
    expect(writeSettingsPage(page, groups)).toBe(page);
  });

  it('is not written without the line', () => {
    expect(() => writeSettingsPage('# Settings\n', [])).toThrow(
      /^docs\/settings\.md: keep one line\n<!-- Below/,
    );
  });
});

describe('.env.example', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the form of docker-compose.yml.
  const compose = 'A: ${NAME:-}\nB: ${OTHER:-x}\n';

  it('has each variable of docker-compose.yml once, with its default there and the one of the process', () => {
    const groups = [
      group([{ name: 'OTHER', description: 'Of no container.' }], false),
      group([{ default: '5' }, { name: 'OTHER', default: '7' }, { name: 'UNUSED' }]),
      group([{ name: 'OTHER', description: 'Again.' }]),
    ];
    const lines = writeEnvironmentExample(compose, groups).split('\n\n')[1];
    expect(lines).toBe('## Part\n# A text. Default: 5.\nNAME=\n# A text.\nOTHER=x\n');
  });

  it('is not written while a variable has no description', () => {
    expect(() => writeEnvironmentExample(compose, [group([{}])])).toThrow(
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the form of docker-compose.yml.
      'docker-compose.yml: ${OTHER} is the setting of no process; describe it in launcher/src/all-settings.ts',
    );
  });
});
