import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { auditEvents, auditKinds, isAuditKind } from './audit-events.ts';

const page = readFileSync(new URL('../../docs/audit.md', import.meta.url), 'utf8');

test('docs/audit.md has a row for each kind, with its OWASP name, and for nothing else', () => {
  const rows = page.split('\n').flatMap((line) => {
    const [, kinds = '', owaspName = ''] = line.split('|').map((cell) => cell.trim());
    return [...kinds.matchAll(/`(auth\w*\.[\w.]+)`/g)].map(([, kind]) => [kind, owaspName]);
  });
  expect(Object.fromEntries(rows)).toEqual(auditEvents);
  expect(rows).toHaveLength(auditKinds.length);
});

test.each(['auth.login', 'toString', '__proto__', '', null, 1])('%j is no kind', (value) => {
  expect(isAuditKind(value)).toBe(false);
});
