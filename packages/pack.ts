import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildPackages } from './build/build-packages.ts';
import { findTarballFaults } from './build/find-tarball-faults.ts';
import { readPackages, root } from './build/manifest.ts';

/*
 * `npm run pack [-- <package> …]`: writes packages/dist/*.tgz, and api.md of each package. `-- --check` writes no api.md but says
 * which is out of date, and lets publint and attw judge the tarballs.
 */

const { values, positionals } = parseArgs({
  options: { check: { type: 'boolean', default: false } },
  allowPositionals: true,
});

const output = join(root, 'packages/dist');
rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });
const faults: string[] = [];
try {
  for (const built of await buildPackages(readPackages(positionals), output)) {
    const { folder, path } = built.package;
    const reportFile = join(path, 'api.md');
    if (!values.check) writeFileSync(reportFile, built.report);
    else if (!existsSync(reportFile) || readFileSync(reportFile, 'utf8') !== built.report) {
      faults.push(
        `packages/${folder}/api.md is out of date: run npm run pack, read the difference, commit it`,
      );
    }
    if (values.check) faults.push(...(await findTarballFaults(built)));
    console.log(built.tarball.slice(root.length + 1));
  }
} catch (error) {
  faults.push((error as Error).message);
}
for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
