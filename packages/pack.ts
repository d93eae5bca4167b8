import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type BuiltPackage, buildPackages } from './build/build-packages.ts';
import { readPackages, root } from './build/manifest.ts';
import { findTarballFaults } from './build/tarball-faults.ts';

/*
 * `npm run pack [-- <package> …]`: writes packages/dist/*.tgz, and api.md of each package. `-- --check` writes no api.md but says
 * which is out of date, and lets publint and attw judge the tarballs. `-- --output <folder>` writes the tarballs there, each report
 * beside its tarball, and nothing else.
 */

const { values, positionals } = parseArgs({
  options: { check: { type: 'boolean', default: false }, output: { type: 'string' } },
  allowPositionals: true,
});

const output = resolve(values.output ?? join(root, 'packages/dist'));
if (values.output === undefined) rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });
const faults: string[] = [];
try {
  for (const built of await buildPackages(readPackages(positionals), output)) {
    if (values.check) faults.push(...findReportFaults(built));
    else writeFileSync(values.output ? `${built.tarball}.api.md` : reportFileOf(built), built.report);
    if (values.check) faults.push(...(await findTarballFaults(built.tarball)));
    console.log(built.tarball.slice(root.length + 1));
  }
} catch (error) {
  faults.push((error as Error).message);
}
for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;

function reportFileOf({ package: { path } }: BuiltPackage): string {
  return join(path, 'api.md');
}

function findReportFaults(built: BuiltPackage): string[] {
  const path = reportFileOf(built);
  const isCurrent = existsSync(path) && readFileSync(path, 'utf8') === built.report;
  const name = path.slice(root.length + 1);
  return isCurrent ? [] : [`${name} is out of date: run npm run pack, read the difference, commit it`];
}
