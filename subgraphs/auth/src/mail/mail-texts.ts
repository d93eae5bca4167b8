import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isTenantSlug, nameOfStaffRole, staffRoles } from '@signet/schema/contract';
import { ConfigError } from '@signet/service';
import {
  fillIn,
  findMissingTexts,
  type MailFolder,
  type MailText,
  readMailFolder,
} from './template-files.ts';
import {
  type MailTemplate,
  type MailWord,
  mailTemplates,
  type StoredValues,
  type ValueKind,
} from './template-values.ts';
import { cleanLine, writeValue } from './value-texts.ts';

/** Texts that come along, complete. Any other language falls back to the last one. */
export const builtInLanguages = ['de', 'en'] as const;
const lastLanguage = 'en';
const builtInFolder = join(import.meta.dirname, '../../templates');

export type MailToRender = {
  template: MailTemplate;
  /** A language tag. Where there is no text in it, it is shortened (RFC 4647, section 3.4), and then English. */
  language: string;
  tenant: { slug: string; name: string };
  values: StoredValues;
};
export type RenderedMail = { language: string; subject: string; text: string; html: string };

export type MailTexts = {
  /** Slugs of the tenants that have texts of their own. */
  tenants: readonly string[];
  /** @throws {Error} for a link that is no web address */
  render(mail: MailToRender): RenderedMail;
};

/**
 * Reads all texts, those that come along and those of tenants: `<overrides>/<slug>/…` has the same form.
 *
 * @throws {ConfigError} with every fault in the files
 */
export function loadMailTexts(overrides?: string): MailTexts {
  const builtIn = readMailFolder(builtInFolder);
  const missing = findMissingTexts(builtIn.folder, builtInLanguages).map((file) => `${file}: is missing`);
  const faults = [...builtIn.faults, ...missing];
  const ofTenants = new Map<string, MailFolder>();
  if (overrides !== undefined) faults.push(...readOverrides(resolve(overrides), ofTenants));
  if (faults.length > 0) throw new ConfigError(faults.map((fault) => `MAIL_TEMPLATES: ${fault}`));
  return {
    tenants: [...ofTenants.keys()],
    render(mail) {
      const own = ofTenants.get(mail.tenant.slug);
      return renderMail(mail, own ? [own, builtIn.folder] : [builtIn.folder]);
    },
  };
}

function readOverrides(folder: string, ofTenants: Map<string, MailFolder>): string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return [`${folder}: is no folder`];
  return readdirSync(folder).flatMap((slug) => {
    const path = join(folder, slug);
    if (!isTenantSlug(slug) || !statSync(path).isDirectory()) return [`${path}: is no folder of a tenant`];
    const { folder: own, faults } = readMailFolder(path);
    ofTenants.set(slug, own);
    return faults;
  });
}

/** @param folders the first that has a text in a language wins; a better language wins over a better folder. */
function renderMail(
  { template, language, tenant, values }: MailToRender,
  folders: readonly MailFolder[],
): RenderedMail {
  const { text, found } = findText(folders, listLanguages(language), template);
  const words = Object.assign(
    Object.fromEntries(staffRoles.map((role) => [role, nameOfStaffRole(role, found)])),
    ...[...folders].reverse().map((folder) => folder.languages.get(found)?.words),
  );
  const written = writeValues(template, values, found, words);
  const plain = { ...written, tenant: cleanLine(tenant.name) };
  const subject = cleanLine(fillIn(text.subject, plain));
  const content = text.html === undefined ? toHtml(text, plain) : fillIn(text.html, escapeAll(plain));
  const layout = folders.find((folder) => folder.layout !== undefined)?.layout ?? '{{content}}';
  return {
    language: found,
    subject,
    text: `${fillIn(text.text, plain)}\n`,
    html: fillIn(layout, { ...escapeAll({ language: found, subject, tenant: plain.tenant }), content }),
  };
}

/** `de-AT`, then `de`, then English. */
function listLanguages(tag: string): string[] {
  const parts = tag.split('-');
  const shortened = parts.map((_part, index) => parts.slice(0, parts.length - index).join('-'));
  return [...shortened, lastLanguage];
}

function findText(folders: readonly MailFolder[], languages: readonly string[], template: MailTemplate) {
  for (const language of languages) {
    for (const folder of folders) {
      const text = folder.languages.get(language)?.texts.get(template);
      if (text) return { text, found: language };
    }
  }
  throw new TypeError(`There is no text of the mail ${template}.`);
}

function writeValues(
  template: MailTemplate,
  values: StoredValues,
  language: string,
  words: Readonly<Partial<Record<MailWord, string>>>,
): Record<string, string> {
  const kinds: readonly (readonly [string, ValueKind])[] = Object.entries(mailTemplates[template]);
  return Object.fromEntries(
    kinds.map(([name, kind]) => [name, writeValue(kind, values[name] ?? '', language, words)]),
  );
}

/** A paragraph of the text is one in HTML; that of the link alone is a link with its own words. */
function toHtml({ text, linkText = '' }: MailText, values: Record<string, string>): string {
  const escaped = escapeAll(values);
  return text
    .split(/\n{2,}/)
    .map((paragraph) =>
      paragraph.trim() === '{{link}}'
        ? `<p><a href="${escaped.link}">${escapeHtml(linkText)}</a></p>`
        : `<p>${fillIn(escapeHtml(paragraph), escaped).replaceAll('\n', ' ')}</p>`,
    )
    .join('\n');
}

function escapeAll(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, escapeHtml(value)]));
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
