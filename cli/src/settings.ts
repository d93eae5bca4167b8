import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFileSchema } from '@signet/gateway/config-file';
import { type SettingGroup, settingGroups } from '@signet/launcher/settings';
import type { Setting } from '@signet/service';

/** In docs/settings.md, what stands above this line is written by hand. */
const generatedBelow =
  '<!-- Below this line: written by npm run compose from the fields of the settings. -->';
const commentWidth = 120;

/** What `npm run compose` writes from the fields of all settings. */
export function generateSettingsFiles(tree: string): { path: string; content: string }[] {
  const page = join(tree, 'docs/settings.md');
  const compose = readFileSync(join(tree, 'docker-compose.yml'), 'utf8');
  return [
    { path: page, content: writeSettingsPage(readFileSync(page, 'utf8'), settingGroups) },
    { path: join(tree, '.env.example'), content: writeEnvironmentExample(compose, settingGroups) },
    {
      path: join(tree, 'packages/gateway/signet.schema.json'),
      content: `${JSON.stringify(createFileSchema(), null, 2)}\n`,
    },
  ];
}

/** The page with new tables. @throws {TypeError} where the line is missing that separates them from the text. */
export function writeSettingsPage(page: string, groups: readonly SettingGroup[]): string {
  const [text, ...rest] = page.split(generatedBelow);
  if (rest.length !== 1) throw new TypeError(`docs/settings.md: keep one line\n${generatedBelow}`);
  return `${text}${generatedBelow}\n\n${groups.map(writeTable).join('\n')}`;
}

function writeTable({ title, readBy, settings }: SettingGroup): string {
  const rows = settings.map((setting) => {
    const { name, description, isSecret } = setting;
    const meaning = `${description.replaceAll('|', '\\|')}${isSecret ? ' Secret.' : ''}`;
    return `| \`${name}\` | ${setting.default ? `\`${setting.default}\` ` : ''}| ${meaning} |\n`;
  });
  return `## ${title}\n\nRead by ${readBy}.\n\n| variable | default | |\n| --- | --- | --- |\n${rows.join('')}`;
}

/**
 * The variables of docker-compose.yml with their defaults there, each with what it means.
 *
 * @throws {TypeError} that names a variable without a description.
 */
export function writeEnvironmentExample(compose: string, groups: readonly SettingGroup[]): string {
  const left = readComposeVariables(compose);
  const sections = groups
    .filter(({ isOfContainers }) => isOfContainers)
    .flatMap(({ title, settings }) => {
      const found = settings.filter(({ name }) => left.has(name));
      const lines = found.map((setting) => writeVariable(setting, left.get(setting.name) ?? ''));
      for (const { name } of found) left.delete(name);
      return found.length > 0 ? [`\n## ${title}\n${lines.join('')}`] : [];
    });
  const [unknown] = left.keys();
  if (unknown !== undefined) {
    throw new TypeError(
      `docker-compose.yml: \${${unknown}} is the setting of no process; describe it in launcher/src/all-settings.ts`,
    );
  }
  return `${header}${sections.join('')}`;
}

const header = `# What docker-compose.yml reads. Copy to .env and change what differs. Every line has its default as its value.
# Where that is empty, the process has a default of its own. Secrets are no variables:
# \`node deploy/make-secrets.mjs\` writes them to deploy/secrets/. Written by npm run compose.
`;

function writeVariable(setting: Setting, value: string): string {
  const ownDefault = value === '' && setting.default ? ` Default: ${setting.default}.` : '';
  return `${wrap(`${setting.description}${ownDefault}`)}${setting.name}=${value}\n`;
}

function wrap(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < commentWidth) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(`# ${word}`);
    }
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** Names and defaults of `${NAME:-default}`, the only form in use. */
function readComposeVariables(compose: string): Map<string, string> {
  return new Map(
    [...compose.matchAll(/\$\{(\w+):-([^}]*)\}/g)].map(([, name = '', value = '']) => [name, value]),
  );
}
