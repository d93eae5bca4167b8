import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Licences that ask for no more than a notice. */
export const plainLicences: ReadonlySet<string> = new Set([
  'MIT',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
]);
/** Those that NOTICE explains, with the packages that may have them. Another package of such a licence is a new decision. */
const explained: Readonly<Record<string, RegExp>> = {
  'Elastic-2.0': /^@apollo\/(gateway|query-planner|query-graphs|federation-internals|composition)$/,
  'MPL-2.0': /^(lightningcss(-|$)|axe-core$)/,
  'BlueOak-1.0.0': /./,
  'Python-2.0': /^argparse$/,
  'MIT-0': /./,
  'CC0-1.0': /./,
};

export type LockedPackage = {
  name: string;
  /** An SPDX expression; `none` where the package names none. */
  licence: string;
  /** Whether a container image holds it. Otherwise it is for development and tests, or the embedded database. */
  isInImages: boolean;
  /** SHA-512 of what is installed, in the form of Subresource Integrity. */
  integrity: string | undefined;
  path: string;
};

type Entry = {
  license?: string;
  link?: boolean;
  dev?: boolean;
  optional?: boolean;
  devOptional?: boolean;
  integrity?: string;
};

/** Every package that package-lock.json installs, once for each place. Our own are links, and not listed. */
export function readLockedPackages(tree: string): LockedPackage[] {
  const lock = JSON.parse(readFileSync(join(tree, 'package-lock.json'), 'utf8'));
  return Object.entries(lock.packages as Record<string, Entry>).flatMap(([path, entry]) => {
    const at = path.lastIndexOf('node_modules/');
    if (at < 0 || entry.link) return [];
    return [
      {
        name: path.slice(at + 'node_modules/'.length),
        licence: entry.license ?? 'none',
        // The images install with --omit=dev --omit=optional.
        isInImages: !entry.dev && !entry.optional && !entry.devOptional,
        integrity: entry.integrity,
        path,
      },
    ];
  });
}

/** A line for each package whose licence nobody has agreed to, with what to do. */
export function findForbidden(packages: readonly LockedPackage[]): string[] {
  return packages
    .filter(({ name, licence }) => !isAllowed(name, licence))
    .map(
      ({ name, licence }) =>
        `${name} has the licence ${licence}: choose another package, or explain it in NOTICE and add it to deploy/supply/licences.ts`,
    );
}

/** All parts of an `AND`, one of an `OR`. Neither stands inside the other in what packages write. */
function isAllowed(name: string, expression: string): boolean {
  const text = expression.replaceAll(/[()]/g, '');
  if (/ AND /.test(text) && / OR /.test(text)) return false;
  const isTaken = (licence: string) =>
    plainLicences.has(licence) || (explained[licence]?.test(name) ?? false);
  return text.includes(' OR ') ? text.split(' OR ').some(isTaken) : text.split(' AND ').every(isTaken);
}

/** docs/licences.md. Without versions, so that it changes with what is installed and not with each update. */
export function writeLicencePage(packages: readonly LockedPackage[]): string {
  const inImages = new Set(packages.filter((each) => each.isInImages).map(({ name }) => name));
  const section = (title: string, chosen: readonly LockedPackage[]) => {
    const licences = Map.groupBy(chosen, ({ licence }) => licence);
    const rows = [...licences].sort(byCount).map(([licence, members]) => {
      const names = [...new Set(members.map(({ name }) => name))].sort();
      return `| ${licence} | ${names.length} | ${names.join(', ')} |\n`;
    });
    return `## ${title}\n\n| licence | packages | |\n| --- | --- | --- |\n${rows.join('')}`;
  };
  return `${head}
${section(
  'In the container images',
  packages.filter(({ isInImages }) => isInImages),
)}
${section(
  'For development, tests and the embedded database',
  packages.filter(({ name, isInImages }) => !isInImages && !inImages.has(name)),
)}`;
}

function byCount(
  [one, { length: ones }]: [string, unknown[]],
  [other, { length: others }]: [string, unknown[]],
) {
  return others - ones || one.localeCompare(other);
}

const head = `# Licences

What npm installs, by licence. Written by \`npm run compose\` from package-lock.json. A test refuses a licence that is not on the list in
[deploy/supply/licences.ts](../deploy/supply/licences.ts), and compares this with what is installed. [NOTICE](../NOTICE) explains those that ask for more
than a notice. The images also hold Node.js and Debian packages; the SBOM of each image lists them ([supply.md](supply.md)).
`;
