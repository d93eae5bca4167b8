import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ConfigError } from '@signet/service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMailFrom, parseMailServer } from './mail-settings.ts';
import { builtInLanguages, loadMailTexts, type MailToRender } from './mail-texts.ts';
import { type MailTemplate, mailTemplates, storeValues, type ValueKind } from './template-values.ts';
import { cleanLine } from './value-texts.ts';

const link = 'https://shop.example/page#token=abc';
const tenant = { slug: 'acme', name: 'Acme <& Sons>' };
const samples: Record<ValueKind, string> = {
  text: 'Firefox',
  link,
  email: 'ada@example.com',
  time: '2026-01-02T03:04:05.000Z',
  seconds: '3600',
  count: '3',
  word: 'totp',
  words: 'totp,passkey,passkey',
};

function sampleOf(template: MailTemplate, more: Partial<MailToRender> = {}): MailToRender {
  const kinds: [string, ValueKind][] = Object.entries(mailTemplates[template]);
  const values = Object.fromEntries(kinds.map(([name, kind]) => [name, samples[kind]]));
  return { template, language: 'en', tenant, values, ...more };
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-mails-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
function write(name: string, files: Record<string, string>): string {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, name, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return join(folder, name);
}
function faultsOf(path: string): readonly string[] {
  try {
    loadMailTexts(path);
    return [];
  } catch (error) {
    return (error as ConfigError).faults;
  }
}

describe.each(builtInLanguages)('the texts in %s', (language) => {
  it.each(Object.keys(mailTemplates) as MailTemplate[])(
    '%s has all its values, as text and HTML',
    (template) => {
      const mail = loadMailTexts().render(sampleOf(template, { language }));
      expect(mail.language).toBe(language);
      for (const part of [mail.subject, mail.text, mail.html]) expect(part).not.toMatch(/\{\{|undefined|NaN/);
      expect(mail.subject).not.toMatch(/[\r\n]/);
      expect(mail.html).toContain('Acme &lt;&amp; Sons&gt;');
      expect(mail.html).not.toMatch(/<(img|script|link|style)\b/);
      if ('link' in mailTemplates[template]) {
        expect(mail.text).toContain(`\n${link}\n`);
        expect(mail.html).toContain(`<a href="${link}">`);
      }
    },
  );
});

describe('a language', () => {
  it.each([
    ['de-AT', 'de'],
    ['de-Latn-AT', 'de'],
    ['fr', 'en'],
    ['', 'en'],
    ['__proto__', 'en'],
  ])('%j becomes %s', (language, found) => {
    expect(loadMailTexts().render(sampleOf('verify-email', { language })).language).toBe(found);
  });
});

describe('texts of a tenant', () => {
  it('take the place of those that come along, file by file, for this tenant alone', () => {
    const path = write('own', {
      'acme/en/verify-email.txt': 'Subject: Own {{tenant}}\nLink: Go\n\nHi <{{validFor}}>\n\n{{link}}\n',
      'acme/de-AT/verify-email.txt': 'Subject: Servus\nLink: Los\n\n{{link}}\n',
      'acme/de-AT/verify-email.html': '<p><a href="{{link}}">Los</a> {{tenant}}</p>',
    });
    const texts = loadMailTexts(path);
    const own = texts.render(sampleOf('verify-email'));
    expect(own.subject).toBe('Own Acme <& Sons>');
    expect(own.html).toContain('<p>Hi &lt;1 hour&gt;</p>');
    const austrian = texts.render(sampleOf('verify-email', { language: 'de-AT' }));
    expect(austrian.subject).toBe('Servus');
    expect(austrian.html).toContain(`<p><a href="${link}">Los</a> Acme &lt;&amp; Sons&gt;</p>`);
    expect(texts.render(sampleOf('verify-email', { language: 'de' })).subject).toMatch(/^Bestätigen/);
    const other = texts.render(sampleOf('verify-email', { tenant: { slug: 'globex', name: 'Globex' } }));
    expect(other.subject).toBe('Confirm your e-mail address');
  });

  it('name every fault before anything starts', () => {
    const path = write('bad', {
      'acme/en/verify-email.txt': 'Subject: {{name}}\n\nNo link\n',
      'acme/en/unknown.txt': 'x',
      'acme/en/words.json': '{"cat":""}',
      'acme/en/reset-password.html': '<p>',
      'acme/layout.html': '<p>{{',
      'acme/English/x.txt': '',
      'Not a slug/en/x.txt': '',
    });
    const faults = faultsOf(path).join('\n');
    for (const part of [
      'verify-email.txt: its first lines lack Link:',
      'verify-email.txt: lacks {{link}}',
      '{{name}} is no value of this mail, which has tenant, validFor, link',
      'unknown.txt: is no file of mails',
      'words.json: cat is no word of mails',
      'reset-password.html: needs reset-password.txt beside it',
      'layout.html: lacks {{content}}',
      'layout.html: has a lone {{ or }}',
      'English: is no language tag',
      'Not a slug: is no folder of a tenant',
    ]) {
      expect(faults).toContain(part);
    }
    expect(faultsOf(join(folder, 'nowhere'))).toEqual([expect.stringContaining('is no folder')]);
  });
});

describe('values', () => {
  it.each([
    ['Ada\r\nBcc: eve@example.com', 'Ada Bcc: eve@example.com'],
    ['a\u2028b\u0085c\0d', 'a b c d'],
    ['\u202eevil\u2066', 'evil'],
    ['\u200b\u2800', ''],
    ['x'.repeat(10_000), `${'x'.repeat(199)}…`],
  ])('%j is one line that can be seen', (text, line) => {
    expect(cleanLine(text)).toBe(line);
  });

  it('stay text: no markup, no further value, no other line', () => {
    const values = { inviter: '<b>{{link}}</b>\r\nTo: x', role: 'support', link, validFor: '86400' };
    const mail = loadMailTexts().render(sampleOf('staff-invitation', { values }));
    expect(mail.html).toContain('&lt;b&gt;{{link}}&lt;/b&gt; To: x invites you');
    expect(mail.text).toContain('the role\nSupport. ');
  });

  it.each([
    ['en', 'totp', 'These\nwere removed: an authenticator app.'],
    ['en', 'totp,passkey,passkey,recovery_codes', 'an authenticator app, a passkey (2), and recovery codes.'],
    ['de', 'totp,passkey', 'Entfernt wurden: eine Authenticator-App und ein Passkey.'],
    ['de', 'no_factors', 'Entfernt wurden: keine.'],
  ])('a list is one in the language %s: %s', (language, factors, written) => {
    const values = { factors, at: '2026-01-02T03:04:05.000Z', link };
    const mail = loadMailTexts().render(sampleOf('factor-reset', { language, values }));
    expect(mail.text).toContain(written);
  });

  it.each([
    ['de', 'operations', 'Betrieb'],
    ['en', 'operations', 'Operations'],
    // Its own word in words.json.
    ['de', 'super_admin', 'Administration'],
  ])('in the language %s the role %s is %s', (language, role, written) => {
    const values = { inviter: 'Ada', role, link, validFor: '86400' };
    const mail = loadMailTexts().render(sampleOf('staff-invitation', { language, values }));
    expect(mail.text.replaceAll('\n', ' ')).toContain(written);
  });

  it('a link must be a web address', () => {
    const values = { link: 'javascript:alert(1)', validFor: '60' };
    expect(() => loadMailTexts().render(sampleOf('verify-email', { values }))).toThrow('no web address');
  });

  it('are stored as text, and all of them', () => {
    const at = new Date(0);
    expect(storeValues('account-deleted', { at })).toEqual({ at: '1970-01-01T00:00:00.000Z' });
    expect(() => storeValues('account-deleted', {} as never)).toThrow('lacks the value at');
  });
});

describe('settings', () => {
  it.each([
    [
      'smtps://u%40x:p%3Aw@mail.example',
      { host: 'mail.example', port: 465, tls: 'implicit', auth: { user: 'u@x', pass: 'p:w' } },
    ],
    ['smtp://mail.example', { host: 'mail.example', port: 587, tls: 'required', auth: undefined }],
    ['smtp://127.0.0.1:2525', { host: '127.0.0.1', port: 2525, tls: 'off', auth: undefined }],
    ['smtp://[::1]:25/', { host: '::1', port: 25, tls: 'off', auth: undefined }],
    [
      'smtp://localhost.evil.example',
      { host: 'localhost.evil.example', port: 587, tls: 'required', auth: undefined },
    ],
    ['smtp://', undefined],
    ['smtp://x/path', undefined],
    ['smtp://x?tls=no', undefined],
    ['http://x', undefined],
    ['smtp://%zz@x', undefined],
  ])('MAIL_URL=%s', (text, server) => {
    expect(parseMailServer(text)).toEqual(server);
  });

  it.each([
    ['Shop <no-reply@shop.example>', { name: 'Shop', address: 'no-reply@shop.example' }],
    ['"Shop, Inc." <a@shop.example>', { name: 'Shop, Inc.', address: 'a@shop.example' }],
    ['a@shop.example', { name: '', address: 'a@shop.example' }],
    ['a@x.example, b@x.example', undefined],
    ['Shop <a@x.example>\r\nBcc: b@x.example', undefined],
    ['Shop', undefined],
    ['<a@b@c>', undefined],
  ])('MAIL_FROM=%j', (text, from) => {
    expect(parseMailFrom(text)).toEqual(from);
  });
});
