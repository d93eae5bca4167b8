import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkDependencyRule } from './dependency-rule.ts';
import { findSigningCode } from './signing-code.ts';

let tree: string;
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'signet-rule-'));
  for (const folder of [
    'schema/contract',
    'db',
    'libs',
    'subgraphs',
    'gateway',
    'launcher',
    'scripts',
    'bench',
    'deploy',
  ]) {
    mkdirSync(join(tree, folder), { recursive: true });
  }
  plant({
    'schema/contract/index.ts': 'export const contract = 1;',
    'db/index.ts': 'export const db = 1;',
    'libs/a/index.ts': 'export const a = 1;',
    'libs/testing/index.ts': 'export const kit = 1;',
    'subgraphs/orders/index.ts': "import '../../db/index.ts';\nexport const orders = 1;",
    'subgraphs/catalog/index.ts': 'export const catalog = 1;',
    'gateway/index.ts': 'export const gateway = 1;',
    'launcher/index.ts': "import '../gateway/index.ts';\nimport '../subgraphs/orders/index.ts';",
  });
});
afterEach(() => rmSync(tree, { recursive: true, force: true }));

function plant(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
}

test('accepts a tree that follows the rule, and reads all of it', () => {
  expect(checkDependencyRule(tree)).toEqual({ faults: [], modules: 8 });
});

test.each([
  [
    'a subgraph that imports another',
    'subgraphs/orders/bad.ts',
    '../catalog/index.ts',
    'a-subgraph-imports-no-other',
  ],
  [
    'a subgraph that imports another for its types only',
    'subgraphs/orders/bad.ts',
    '../catalog/index.ts',
    'a-subgraph-imports-no-other',
  ],
  [
    'a subgraph that imports the gateway',
    'subgraphs/orders/bad.ts',
    '../../gateway/index.ts',
    'subgraphs-import-no-gateway',
  ],
  [
    'the gateway importing the database',
    'gateway/bad.ts',
    '../db/index.ts',
    'only-owners-import-the-database',
  ],
  [
    'the gateway importing a subgraph',
    'gateway/bad.ts',
    '../subgraphs/orders/index.ts',
    'gateway-imports-no-subgraph',
  ],
  [
    'a library importing the database',
    'libs/a/bad.ts',
    '../../db/index.ts',
    'only-owners-import-the-database',
  ],
  ['a library importing a process', 'libs/a/bad.ts', '../../gateway/index.ts', 'libs-import-no-process'],
  [
    'the contract importing a library',
    'schema/contract/bad.ts',
    '../../libs/a/index.ts',
    'contract-imports-nothing',
  ],
  [
    'the database importing a subgraph',
    'db/bad.ts',
    '../subgraphs/orders/index.ts',
    'database-imports-no-process',
  ],
  [
    'a process importing the test kit',
    'gateway/bad.ts',
    '../libs/testing/index.ts',
    'test-kit-stays-in-tests',
  ],
  ['an import of nothing', 'gateway/bad.ts', './missing.ts', 'no-unresolvable'],
])('refuses %s', (title, from, to, rule) => {
  plant({
    [from]: title.includes('types')
      ? `import type { x } from '${to}';\nexport type Y = x;`
      : `import '${to}';`,
  });
  const { faults } = checkDependencyRule(tree);
  expect(faults.some((fault) => fault.startsWith(`${rule}: ${from}`))).toBe(true);
});

test('finds signing code outside the issuer', () => {
  const signing = "import { SignJWT } from 'jose';\nexport { SignJWT };";
  const keys = (type: string) => `import crypto from 'node:crypto';\ncrypto.generateKeyPairSync('${type}');`;
  plant({
    'gateway/mint.ts': signing,
    'gateway/mint-again.ts': keys('ed25519'),
    'libs/a/agree.ts': keys('x25519'),
    'subgraphs/auth/src/sign.ts': signing,
  });
  expect(findSigningCode(tree).sort()).toEqual(['gateway/mint-again.ts', 'gateway/mint.ts']);
});
