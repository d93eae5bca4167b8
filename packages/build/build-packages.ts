import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundlePackage } from './bundle.ts';
import { bundledLibraries, copyRuntimeFiles } from './copied-files.ts';
import { declareModules } from './declarations.ts';
import { type Package, root } from './manifest.ts';
import { writeNotice } from './notice.ts';
import { findPackageFaults } from './package-faults.ts';

export type BuiltPackage = {
  package: Package;
  /** Absolute path. */
  tarball: string;
  /** What `api.md` has to say: the signatures of all that the package exports. */
  report: string;
};

/**
 * Builds packages and packs them as npm does.
 *
 * @param output gets a folder with the content of each package, and its tarball beside it.
 * @throws {Error} with the messages of the tool that failed, or all faults of `findPackageFaults`.
 */
export async function buildPackages(packages: readonly Package[], output: string): Promise<BuiltPackage[]> {
  const modules = packages.flatMap((one) => {
    const typed = one.entries.filter(({ hasTypes }) => hasTypes);
    return typed.map((entry) => ({
      package: one,
      entry,
      target: join(output, one.folder, 'dist', `${entry.name}.d.ts`),
    }));
  });
  // The gateway's package has its files.
  execFileSync(process.execPath, [join(root, 'explorer/build.ts')]);
  for (const one of packages) {
    await bundlePackage(one, join(output, one.folder, 'dist'));
    copyFiles(one, join(output, one.folder));
  }
  const dist = join(root, 'packages/dist');
  mkdirSync(dist, { recursive: true });
  const tree = mkdtempSync(join(dist, '.declarations-'));
  try {
    const reports = declareModules(modules, tree);
    const faults = packages.flatMap((one) => findPackageFaults(one, join(output, one.folder)));
    if (faults.length > 0) throw new Error(faults.join('\n'));
    const tarballs = packTarballs(packages, output);
    return packages.map((one, at) => ({
      package: one,
      tarball: join(output, tarballs[at] ?? ''),
      report: modules
        .filter((module) => module.package === one)
        .map(({ target }) => reports.get(target))
        .join('\n'),
    }));
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

/**
 * What a package has beside its modules: manifest, README, licence, notice of others' licences, and the files that its manifest names. A manifest in this
 * repository is private, since its folder holds nothing to publish; the tarball's is not.
 */
function copyFiles(one: Package, stage: string): void {
  const { folder, path } = one;
  const { private: _private, ...manifest } = one.manifest;
  copyRuntimeFiles(folder, stage);
  const published = { ...manifest, files: [...manifest.files, 'NOTICE'] };
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
  writeFileSync(join(stage, 'NOTICE'), writeNotice(one, bundledLibraries(folder)));
  copyFileSync(join(root, 'LICENSE'), join(stage, 'LICENSE'));
  for (const name of ['README.md', ...manifest.files.filter((file) => file !== 'dist')]) {
    if (existsSync(join(path, name))) cpSync(join(path, name), join(stage, name), { recursive: true });
    else throw new Error(`${path} has no ${name}`);
  }
}

function packTarballs(packages: readonly Package[], output: string): string[] {
  const folders = packages.map(({ folder }) => join(output, folder));
  const printed = execFileSync(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', output, ...folders],
    {
      cwd: output,
      encoding: 'utf8',
    },
  );
  const packed: unknown = JSON.parse(printed);
  return (packed as { filename: string }[]).map(({ filename }) => filename);
}
