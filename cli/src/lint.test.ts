import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkDependencyRule, findSigningCode } from './lint.ts';

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
    'cli',
    'packages',
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
    'libs/subgraph/src/define/index.ts': "import '../../../../db/index.ts';\nexport const define = 1;",
    'packages/a/index.ts': "export * from '../../libs/a/index.ts';",
    'packages/testing/index.ts': "export * from '../../libs/testing/index.ts';",
    'libs/testing/src/attack-kit.ts': 'export const attackKit = 1;',
    'subgraphs/orders/attacks.ts': "import '../../libs/testing/src/attack-kit.ts';",
    'cli/index.ts':
      "import '../db/index.ts';\nimport '../launcher/index.ts';\nimport '../libs/testing/src/attack-kit.ts';",
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
  expect(checkDependencyRule(tree)).toEqual({ faults: [], modules: 14 });
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
    'a package that imports the database',
    'packages/a/bad.ts',
    '../../db/index.ts',
    'packages-hold-no-platform',
  ],
  [
    'a package that imports a library which reaches the database',
    'packages/a/bad.ts',
    '../../libs/subgraph/src/define/index.ts',
    'packages-hold-no-platform',
  ],
  [
    'a package that imports a subgraph',
    'packages/a/bad.ts',
    '../../subgraphs/orders/index.ts',
    'packages-hold-no-platform',
  ],
  ['the platform importing a package', 'gateway/bad.ts', '../packages/a/index.ts', 'nobody-imports-packages'],
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
  [
    'a command importing the rest of the test kit',
    'cli/bad.ts',
    '../libs/testing/index.ts',
    'test-kit-stays-in-tests',
  ],
  [
    'a process importing the attack kit',
    'subgraphs/orders/bad.ts',
    '../../libs/testing/src/attack-kit.ts',
    'smoke-and-attack-kits-stay-in-probes',
  ],
  [
    'a process importing its own attacks',
    'subgraphs/orders/bad.ts',
    './attacks.ts',
    'no-process-imports-its-probes',
  ],
  [
    'the launcher importing the command line',
    'launcher/bad.ts',
    '../cli/index.ts',
    'nobody-imports-the-command-line',
  ],
  [
    'the attacks of a subgraph importing the command line',
    'subgraphs/orders/attacks.ts',
    '../../cli/index.ts',
    'nobody-imports-the-command-line',
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
    'cli/src/attack/forge-token.ts': keys('ed25519'),
    'cli/src/keys.ts': signing,
  });
  expect(findSigningCode(tree).sort()).toEqual([
    'cli/src/keys.ts',
    'gateway/mint-again.ts',
    'gateway/mint.ts',
  ]);
});
