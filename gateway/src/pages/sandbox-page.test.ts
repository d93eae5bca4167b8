import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { writeCurlArguments } from './sandbox-page.ts';

it('survives a POSIX shell, whatever the operation holds', () => {
  const document = `query Q($text: String) { products(filter: { text: "it's $HOME \`id\`" }) { id } }`;
  const variables = { text: `a'b"c\\d` };
  const command = `printf '%s\\n' ${writeCurlArguments({ name: 'Q', document, variables, headers: { 'x-tenant': "o'k" } })}`;
  const words = execFileSync('sh', ['-c', command], { encoding: 'utf8' }).trimEnd().split('\n');
  expect(words.slice(0, 5)).toEqual(['-H', 'content-type: application/json', '-H', "x-tenant: o'k", '-d']);
  const body = JSON.parse(words[5] ?? '');
  expect(body.query).toContain("it's $HOME `id`");
  expect(body.variables).toEqual(variables);
});
