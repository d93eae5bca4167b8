import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { action, addExample, type Context, messageOf } from './command.ts';
import { findShopNames } from './shop-names.ts';

const root = join(import.meta.dirname, '../..');
const folders = [
  'schema',
  'db',
  'libs',
  'subgraphs',
  'gateway',
  'launcher',
  'cli',
  'packages',
  'bench',
  'deploy',
];
const minModules = 100;

/** `signet lint`: the second half of `npm run lint`. Biome does the first. */
export function define(command: Command, context: Context): void {
  addExample(
    command.description(
      'Checks what biome does not: the rules of .dependency-cruiser.mjs on who imports whom, that only subgraphs/auth holds code that can sign, and that the platform does not name the demo shop.',
    ),
    'npx signet lint',
  ).action(
    action(context, messageOf, () => {
      const { faults, modules } = checkDependencyRule(root);
      if (modules < minModules) {
        faults.push(`only ${modules} modules were read: the rule checked nothing`);
      }
      faults.push(
        ...findSigningCode(root).map((file) => `only subgraphs/auth may hold signing code: ${file}`),
        ...findShopNames(root),
      );
      context.print(
        faults.length > 0 ? faults.join('\n') : `The dependency rule holds in ${modules} modules.`,
      );
      return faults.length > 0 ? 1 : 0;
    }),
  );
}

/**
 * Holds the imports of a tree against .dependency-cruiser.mjs. A cruise that reads no modules succeeds silently, so the
 * count is looked at too.
 */
export function checkDependencyRule(tree: string): { faults: string[]; modules: number } {
  const args = [
    join(root, 'node_modules', '.bin', 'depcruise'),
    '--config',
    join(root, '.dependency-cruiser.mjs'),
    '--output-type',
    'json',
    ...folders,
  ];
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: tree,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  if (!stdout) {
    throw new Error(`dependency-cruiser gave no report: ${stderr.trim()}`);
  }
  const { summary } = JSON.parse(stdout) as {
    summary: { totalCruised: number; violations: { rule: { name: string }; from: string; to: string }[] };
  };
  return {
    faults: summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`),
    modules: summary.totalCruised,
  };
}

/** jose's and Node's ways to make a signature with a private key. X25519 keys, for the proof between processes, can't sign. */
const signingCalls =
  /\b(SignJWT|CompactSign|FlattenedSign|GeneralSign|createSign|generateKeyPair(?:Sync)?(?!\('x25519'\))|importPKCS8)\b|\bcrypto\.sign\(|\bsubtle\.sign\(/;

const signingFolders = ['schema', 'db', 'libs', 'subgraphs', 'gateway', 'launcher', 'cli', 'packages'];
/**
 * The issuer; the test kit, whose issuer lives as long as a test; the attacker's own keys; the issuer of the
 * conformance cases, and the client of a service account in the smoke walk, whose keys live as long as a run; this file, which names the
 * calls; tests.
 */
const maySign =
  /^subgraphs\/auth\/|^libs\/testing\/|^cli\/src\/(attack\/forge-token|conformance\/issuer|smoke-services|lint)\.ts$|\.(test|e2e|test-support)\.ts$/;

/** Files outside the issuer that could sign a token. There must be none. */
export function findSigningCode(tree: string): string[] {
  return signingFolders
    .flatMap((folder) =>
      globSync(`${folder}/**/*.{ts,js,mjs}`, {
        cwd: tree,
        exclude: (name) => name === 'node_modules' || name === 'dist',
      }),
    )
    .filter((file) => !maySign.test(file) && signingCalls.test(readFileSync(join(tree, file), 'utf8')));
}
