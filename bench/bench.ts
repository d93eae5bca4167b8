// npm run bench: Signet beside other gateways, in one run. npm run bench -- bench/<name>.ts [arguments]: another measurement.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , first = ''] = process.argv;
if (first.endsWith('.ts')) {
  // As if it had been started itself.
  process.argv.splice(1, 2, resolve(first));
  await import(pathToFileURL(resolve(first)).href);
} else {
  const { compareAll } = await import('./compare/compare-all.ts');
  await compareAll(process.argv.slice(2));
}
