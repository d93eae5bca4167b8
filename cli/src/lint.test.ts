import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkDependencyRule, findSigningCode } from './lint.ts';

const trees: string[] = [];
afterAll(() => {
  for (const tree of trees) rmSync(tree, { recursive: true, force: true });
});

/** A tree that follows the rule, and these files. */
function plantTree(files: Record<string, string> = {}): string {
  const tree = mkdtempSync(join(tmpdir(), 'signet-rule-'));
  trees.push(tree);
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
  const all = {
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
    ...files,
  };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  return tree;
}

test('accepts a tree that follows the rule, and reads all of it', () => {
  expect(checkDependencyRule(plantTree())).toEqual({ faults: [], modules: 14 });
});

/** Each in a file of its own, so that one look at the tree finds them all. */
const violations = [
  [
    'a subgraph that imports another',
    'subgraphs/orders/bad-1.ts',
    '../catalog/index.ts',
    'a-subgraph-imports-no-other',
  ],
  [
    'a subgraph that imports another for its types only',
    'subgraphs/orders/bad-2.ts',
    '../catalog/index.ts',
    'a-subgraph-imports-no-other',
  ],
  [
    'a subgraph that imports the gateway',
    'subgraphs/orders/bad-3.ts',
    '../../gateway/index.ts',
    'subgraphs-import-no-gateway',
  ],
  [
    'a package that imports the database',
    'packages/a/bad-4.ts',
    '../../db/index.ts',
    'packages-hold-no-platform',
  ],
  [
    'a package that imports a library which reaches the database',
    'packages/a/bad-5.ts',
    '../../libs/subgraph/src/define/index.ts',
    'packages-hold-no-platform',
  ],
  [
    'a package that imports a subgraph',
    'packages/a/bad-6.ts',
    '../../subgraphs/orders/index.ts',
    'packages-hold-no-platform',
  ],
  [
    'the platform importing a package',
    'gateway/bad-7.ts',
    '../packages/a/index.ts',
    'nobody-imports-packages',
  ],
  [
    'the gateway importing the database',
    'gateway/bad-8.ts',
    '../db/index.ts',
    'only-owners-import-the-database',
  ],
  [
    'the gateway importing a subgraph',
    'gateway/bad-9.ts',
    '../subgraphs/orders/index.ts',
    'gateway-imports-no-subgraph',
  ],
  [
    'a library importing the database',
    'libs/a/bad-10.ts',
    '../../db/index.ts',
    'only-owners-import-the-database',
  ],
  ['a library importing a process', 'libs/a/bad-11.ts', '../../gateway/index.ts', 'libs-import-no-process'],
  [
    'the contract importing a library',
    'schema/contract/bad-12.ts',
    '../../libs/a/index.ts',
    'contract-imports-nothing',
  ],
  [
    'the database importing a subgraph',
    'db/bad-13.ts',
    '../subgraphs/orders/index.ts',
    'database-imports-no-process',
  ],
  [
    'a process importing the test kit',
    'gateway/bad-14.ts',
    '../libs/testing/index.ts',
    'test-kit-stays-in-tests',
  ],
  [
    'a command importing the rest of the test kit',
    'cli/bad-15.ts',
    '../libs/testing/index.ts',
    'test-kit-stays-in-tests',
  ],
  [
    'a process importing the attack kit',
    'subgraphs/orders/bad-16.ts',
    '../../libs/testing/src/attack-kit.ts',
    'smoke-and-attack-kits-stay-in-probes',
  ],
  [
    'a process importing its own attacks',
    'subgraphs/orders/bad-17.ts',
    './attacks.ts',
    'no-process-imports-its-probes',
  ],
  [
    'the launcher importing the command line',
    'launcher/bad-18.ts',
    '../cli/index.ts',
    'nobody-imports-the-command-line',
  ],
  [
    'the attacks of a subgraph importing the command line',
    'subgraphs/orders/attacks.ts',
    '../../cli/index.ts',
    'nobody-imports-the-command-line',
  ],
  ['an import of nothing', 'gateway/bad-19.ts', './missing.ts', 'no-unresolvable'],
] as const;

describe('of a tree with every violation', () => {
  let faults: readonly string[];
  beforeAll(() => {
    const files = violations.map(([title, from, to]) => [
      from,
      title.includes('types') ? `import type { x } from '${to}';\nexport type Y = x;` : `import '${to}';`,
    ]);
    ({ faults } = checkDependencyRule(plantTree(Object.fromEntries(files))));
  });

  test.each(violations)('refuses %s', (_title, from, _to, rule) => {
    expect(faults.some((fault) => fault.startsWith(`${rule}: ${from}`))).toBe(true);
  });
});

test('finds signing code outside the issuer', () => {
  const signing = "import { SignJWT } from 'jose';\nexport { SignJWT };";
  const keys = (type: string) => `import crypto from 'node:crypto';\ncrypto.generateKeyPairSync('${type}');`;
  const tree = plantTree({
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
