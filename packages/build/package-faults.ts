import { existsSync, globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import { parseAst } from 'rolldown/parseAst';
import { findShopWords } from '../../cli/src/shop-names.ts';
import { type Package, root } from './manifest.ts';

/**
 * What would fail, or show what it should not, where the package is installed: a dependency that is missing in the manifest, stands
 * there for nothing or in another version than the one tested here, an import of a workspace, a link that leads nowhere, a name of the demo shop, a path of this machine.
 *
 * @param stage the folder with all files of the package.
 * @param shopWords names that only the demo shop has.
 * @returns a line for each fault.
 */
export function findPackageFaults(
  { folder, manifest }: Package,
  stage: string,
  shopWords: readonly string[] = findShopWords(root),
): string[] {
  const faults: string[] = [];
  const { dependencies = {}, peerDependencies = {} } = manifest;
  const used = new Set<string>();
  // Without a shop there is no word to find.
  const shop = shopWords.length > 0 ? new RegExp(`\\b(${shopWords.join('|')})\\b`) : undefined;
  for (const path of globSync('**/*.{js,ts,map,md,json}', { cwd: stage }).sort()) {
    const text = readFileSync(join(stage, path), 'utf8');
    const word = shop?.exec(text)?.[1];
    if (word !== undefined) faults.push(`${path} names the demo shop's '${word}'`);
    if (text.includes(root)) faults.push(`${path} holds the path ${root}`);
    if (path.endsWith('.md')) {
      const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link = '']) => link);
      const broken = links.filter((link) => !existsSync(join(stage, dirname(path), link)));
      faults.push(...broken.map((link) => `${path} links to ${link}, which the package does not hold`));
    }
    if (!/\.(js|d\.ts)$/.test(path)) continue;
    for (const name of importedPackages(path.endsWith('.js') ? withoutTemplates(text) : text)) {
      if (name.startsWith('@signet/')) faults.push(`${path} imports ${name}, which is bundled everywhere`);
      used.add(name);
    }
  }
  const isListed = (name: string) => name in dependencies || name in peerDependencies;
  faults.push(
    ...[...used].filter((name) => !isListed(name)).map((name) => `${name} is imported, and no dependency`),
  );
  for (const [name, version] of Object.entries(dependencies)) {
    if (!used.has(name) && !used.has(name.replace(/^@types\//, '')))
      faults.push(`${name} is a dependency, and not imported`);
    // cli has a copy of commander of its own, libs/telemetry its OpenTelemetry: Apollo's packages bring an older one.
    const copies = ['cli', 'libs/telemetry', '.'].map((workspace) =>
      join(root, workspace, 'node_modules', name, 'package.json'),
    );
    const { version: tested } = JSON.parse(readFileSync(copies.find(existsSync) ?? name, 'utf8'));
    if (version !== tested)
      faults.push(`${name} is ${version} in the manifest, and ${tested} is what is tested`);
  }
  return faults.map((fault) => `packages/${folder}: ${fault}`);
}

const imports = [
  /^(?:import|export)\b[^;'"]*?\bfrom\s*["']([^"']+)["']/gm,
  /^import\s*["']([^"']+)["']/gm,
  /\bimport\(\s*["']([^"']+)["']\s*\)/g,
  /createRequire\(import\.meta\.url\)(?:\.resolve)?\(\s*["']([^"']+)["']\)/g,
];

/** The packages of npm that a module imports. */
function importedPackages(text: string): Set<string> {
  const specifiers = imports.flatMap((form) => [...text.matchAll(form)].map(([, name = '']) => name));
  const packages = specifiers
    .filter((name) => !/^(\.|node:)/.test(name) && !builtinModules.includes(name))
    .map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
  return new Set(packages);
}

/** The code without the texts of its template literals, which can be programs for another process. */
function withoutTemplates(code: string): string {
  const texts: { start: number; end: number }[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { type, start, end } = node as { type?: string; start: number; end: number };
    if (type === 'TemplateElement') texts.push({ start, end });
    for (const child of Object.values(node)) visit(child);
  };
  if (code.includes('`')) visit(parseAst(code));
  // A bundle has thousands: the text is put together once, not anew for each.
  texts.sort((one, other) => one.start - other.start);
  const kept = texts.map(({ start }, at) => code.slice(texts[at - 1]?.end ?? 0, start));
  return [...kept, code.slice(texts.at(-1)?.end ?? 0)].join(' ');
}
