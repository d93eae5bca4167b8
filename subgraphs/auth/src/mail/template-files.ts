import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isStaffRole } from '@signet/schema/contract';
import {
  isMailTemplate,
  type MailTemplate,
  type MailWord,
  mailTemplates,
  mailWords,
} from './template-values.ts';

/** The text of one mail in one language, with `{{names}}` for values. */
export type MailText = {
  subject: string;
  /** What a link in HTML reads. Undefined for a mail without a link. */
  linkText: string | undefined;
  text: string;
  /** The file that takes the place of the HTML which is made of the text. */
  html: string | undefined;
};

/** A folder of texts: a folder a language, beside a layout of HTML for all. */
export type MailFolder = {
  languages: ReadonlyMap<string, LanguageTexts>;
  layout: string | undefined;
};
export type LanguageTexts = {
  texts: ReadonlyMap<MailTemplate, MailText>;
  words: Readonly<Partial<Record<MailWord, string>>>;
};

type Faults = string[];

const languageForm = /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/;
const placeholder = /\{\{([^{}]*)\}\}/g;
const ofEveryText = ['tenant'];
const ofLayouts = ['language', 'subject', 'content', 'tenant'];

/**
 * Reads a folder of texts: `layout.html`, and for each language `words.json`, `<template>.txt` and `<template>.html`. Nothing has to
 * be there; a file that nothing uses is a fault.
 *
 * @returns the faults too, each with the file that it is in.
 */
export function readMailFolder(folder: string): { folder: MailFolder; faults: readonly string[] } {
  const faults: Faults = [];
  const languages = new Map<string, LanguageTexts>();
  let layout: string | undefined;
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) {
      if (languageForm.test(name)) languages.set(name, readLanguage(path, faults));
      else faults.push(`${path}: is no language tag such as en or de-AT`);
    } else if (name === 'layout.html') {
      layout = readFileSync(path, 'utf8');
      checkPlaceholders(path, layout, ofLayouts, faults);
      if (!layout.includes('{{content}}')) faults.push(`${path}: lacks {{content}}`);
    } else faults.push(`${path}: is no file of mails`);
  }
  return { folder: { languages, layout }, faults };
}

/** What a folder lacks that must have every text in these languages. */
export function findMissingTexts(folder: MailFolder, languages: readonly string[]): string[] {
  return languages.flatMap((language) => {
    const found = folder.languages.get(language);
    return [
      ...Object.keys(mailTemplates).flatMap((name) =>
        found?.texts.has(name as MailTemplate) ? [] : [`${language}/${name}.txt`],
      ),
      ...mailWords.flatMap((word) =>
        found?.words[word] || isStaffRole(word) ? [] : [`${language}/words.json: ${word}`],
      ),
    ];
  });
}

function readLanguage(folder: string, faults: Faults): LanguageTexts {
  const texts = new Map<MailTemplate, MailText>();
  let words: LanguageTexts['words'] = {};
  const names = readdirSync(folder).sort();
  for (const name of names) {
    const path = join(folder, name);
    const [, template = '', ending] = /^([a-z-]+)\.(txt|html)$/.exec(name) ?? [];
    if (name === 'words.json') words = readWords(path, faults);
    else if (!isMailTemplate(template)) faults.push(`${path}: is no file of mails`);
    else if (ending === 'txt') {
      const html = names.includes(`${template}.html`) ? join(folder, `${template}.html`) : undefined;
      texts.set(template, readText(path, html, template, faults));
    } else if (!names.includes(`${template}.txt`)) faults.push(`${path}: needs ${template}.txt beside it`);
  }
  return { texts, words };
}

function readText(
  path: string,
  htmlPath: string | undefined,
  template: MailTemplate,
  faults: Faults,
): MailText {
  const content = readFileSync(path, 'utf8').replaceAll('\r\n', '\n');
  const [head = '', ...paragraphs] = content.split('\n\n');
  const headers = new Map(
    head.split('\n').map((line) => {
      const [name = '', ...value] = line.split(':');
      return [name, value.join(':').trim()];
    }),
  );
  const { link, ...others } = { link: undefined, ...mailTemplates[template] } as Record<string, unknown>;
  const names = [...ofEveryText, ...Object.keys(others), ...(link ? ['link'] : [])];
  const subject = headers.get('Subject') ?? '';
  const linkText = headers.get('Link');
  if (!subject) faults.push(`${path}: its first lines lack Subject:`);
  if (link && !linkText) faults.push(`${path}: its first lines lack Link:, what the link reads in HTML`);
  if (link && !content.includes('{{link}}')) faults.push(`${path}: lacks {{link}}`);
  for (const name of headers.keys()) {
    if (!['Subject', ...(link ? ['Link'] : [])].includes(name)) {
      faults.push(`${path}: ${JSON.stringify(name)} is no header of a mail; an empty line ends the headers`);
    }
  }
  checkPlaceholders(path, content, names, faults);
  if (/\{\{link\}\}/.test(head)) faults.push(`${path}: {{link}} belongs below the headers`);
  const html = htmlPath === undefined ? undefined : readFileSync(htmlPath, 'utf8');
  if (html !== undefined) checkPlaceholders(htmlPath ?? '', html, names, faults);
  return { subject, linkText, text: paragraphs.join('\n\n').trim(), html };
}

function readWords(path: string, faults: Faults): LanguageTexts['words'] {
  try {
    const words: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const entries = Object.entries(words as Record<string, unknown>);
    for (const [word, text] of entries) {
      if (!(mailWords as readonly string[]).includes(word))
        faults.push(`${path}: ${word} is no word of mails`);
      if (typeof text !== 'string' || text === '') faults.push(`${path}: ${word} has no text`);
    }
    return Object.fromEntries(entries);
  } catch {
    faults.push(`${path}: is no JSON object`);
    return {};
  }
}

function checkPlaceholders(path: string, content: string, names: readonly string[], faults: Faults): void {
  for (const [, name = ''] of content.matchAll(placeholder)) {
    if (!names.includes(name)) {
      faults.push(`${path}: {{${name}}} is no value of this mail, which has ${names.join(', ')}`);
    }
  }
  if (/\{\{|\}\}/.test(content.replaceAll(placeholder, ''))) faults.push(`${path}: has a lone {{ or }}`);
}

/** Puts values in. Every name has one: the files were checked. */
export function fillIn(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(placeholder, (_all, name: string) => values[name] ?? '');
}
