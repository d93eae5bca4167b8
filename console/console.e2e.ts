import { globSync } from 'node:fs';
import { join } from 'node:path';
import { testAccount } from './e2e/account.test-support.ts';
import { testAudit } from './e2e/audit.test-support.ts';
import { startConsole } from './e2e/console.test-support.ts';
import { testCustomers } from './e2e/customers.test-support.ts';
import { testDashboard } from './e2e/dashboard.test-support.ts';
import { testKeys } from './e2e/keys.test-support.ts';
import { testQuality } from './e2e/quality.test-support.ts';
import { testRefusals } from './e2e/refusals.test-support.ts';
import { testScreens } from './e2e/screens.test-support.ts';
import { testServices } from './e2e/services.test-support.ts';
import { testSigningIn } from './e2e/signing-in.test-support.ts';
import { testStaff } from './e2e/staff.test-support.ts';

const root = join(import.meta.dirname, '..');

// One platform for all screens: each has its tests in a file of `e2e/`, and panels of subgraphs in their own.
const staff = startConsole();

testSigningIn(staff);
testDashboard(staff);
testCustomers(staff);
testStaff(staff);
testServices(staff);
testAccount(staff);
testKeys(staff);
testRefusals(staff);
testAudit(staff);
testQuality(staff);
for (const file of globSync('subgraphs/*/e2e/console-panels.test-support.ts', { cwd: root }))
  (await import(join(root, file))).default(staff);
testScreens(staff);
