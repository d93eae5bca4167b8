import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { findSigningCode } from './signing-code.ts';

const root = join(import.meta.dirname, '..');
const folders = ['schema', 'db', 'libs', 'subgraphs', 'gateway', 'launcher', 'scripts', 'bench', 'deploy'];
const minModules = 100;

/**
 * Holds the imports of a tree against .dependency-cruiser.mjs. A cruise that reads no modules succeeds silently, so the
 * count is looked at too.
 */
export function checkDependencyRule(tree: string): { faults: string[]; modules: number } {
  const args = ['--config', join(root, '.dependency-cruiser.mjs'), '--output-type', 'json', ...folders];
  const command = join(root, 'node_modules', '.bin', 'depcruise');
  const { stdout, stderr } = spawnSync(command, args, {
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

if (import.meta.main) {
  const { faults, modules } = checkDependencyRule(root);
  if (modules < minModules) {
    faults.push(`only ${modules} modules were read: the rule checked nothing`);
  }
  faults.push(...findSigningCode(root).map((file) => `only subgraphs/auth may hold signing code: ${file}`));
  console.log(faults.length > 0 ? faults.join('\n') : `The dependency rule holds in ${modules} modules.`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
