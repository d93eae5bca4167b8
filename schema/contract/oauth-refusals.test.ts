import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { oauthChecks, oauthRefusals } from './oauth-refusals.ts';

test('the table in docs/refusals.md is the table in the code, and each check is one that such a request meets', () => {
  const page = readFileSync(`${import.meta.dirname}/../../docs/refusals.md`, 'utf8');
  const documented = [...page.matchAll(/^\| `(oauth\.\w+)` \| `(\w+)` \| (.*) \|$/gm)].map(
    ([, ...row]) => row,
  );
  const coded = Object.entries(oauthRefusals).map(([reason, { check, text }]) => [reason, check, text]);
  expect(documented).toEqual(coded);
  for (const { check } of Object.values(oauthRefusals)) expect(oauthChecks).toContain(check);
  const [, listed = ''] = /such a request meets: ([^.]*)\./.exec(page) ?? [];
  expect([...listed.matchAll(/`(\w+)`/g)].map(([, check]) => check)).toEqual(oauthChecks);
});
