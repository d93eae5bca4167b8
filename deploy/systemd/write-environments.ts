// node deploy/systemd/write-environments.ts --settings <file> --secrets <folder> --out <folder>
// Writes a file for each process, which signet@.service reads. README.md says how to use it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs, parseEnv } from 'node:util';
import { createEnvironments, formatEnvironment } from './environments.ts';

const { settings, secrets, out } = parseArgs({
  options: { settings: { type: 'string' }, secrets: { type: 'string' }, out: { type: 'string' } },
}).values;
if (!settings || !secrets || !out) {
  console.error(
    'Usage: node deploy/systemd/write-environments.ts --settings <file> --secrets <folder> --out <folder>',
  );
  process.exit(2);
}
const tree = resolve(import.meta.dirname, '../..');
const environments = createEnvironments({
  tree,
  secrets: resolve(secrets),
  settings: parseEnv(readFileSync(settings, 'utf8')),
});
mkdirSync(out, { recursive: true });
for (const [name, environment] of environments) {
  // A setting may be a secret, such as MAIL_URL.
  writeFileSync(join(out, `${name}.env`), formatEnvironment(environment), { mode: 0o600 });
  console.log(`${name.padEnd(16)} metrics and health at ${environment.METRICS_PORT ?? '–'}`);
}
