import { subgraphs } from '@signet/schema/subgraphs';
import { type IdentityProvider, startIdentityProvider } from '@signet/testing/identity-provider';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createHome,
  findFreePortBase,
  type StartedProcess,
  startProcess,
  startSignet,
} from './platform.test-support.ts';
import { type SmokeProvider, writeSmokeProvider } from './smoke-provider.test-support.ts';

/** For one that hangs: 24 s of CPU, and four minutes on a machine with twenty processes for two cores. */
const allAttacksMs = 900_000;
/** Some are on the demo shop. */
const leastAttacks = subgraphs.some(({ isDemo }) => isDemo) ? 158 : 153;
let home: Awaited<ReturnType<typeof createHome>>;
let platform: StartedProcess;
let url: string;
let provider: SmokeProvider;
let idp: IdentityProvider;

beforeAll(async () => {
  home = await createHome();
  provider = await writeSmokeProvider();
  idp = await startIdentityProvider([provider.client], { port: provider.port });
  const portBase = await findFreePortBase();
  url = `http://localhost:${portBase}`;
  platform = startSignet(['start'], {
    PORT_BASE: String(portBase),
    SIGNET_HOME: home.path,
    SURFACE: 'production',
    STAFF_MFA: 'optional',
    LOG_LEVEL: 'fatal',
    ...provider.variables,
  });
  await platform.waitFor('Signet is ready');
});
afterAll(async () => {
  platform.child.kill('SIGTERM');
  await platform.exit();
  await idp.stop();
  await provider.remove();
  await home.remove();
});

test(
  'no attack on the production surface succeeds',
  async () => {
    const attack = startSignet(['attack', url], {});
    const { code } = await attack.exit();
    const lines = attack.output().split('\n');
    expect(lines.filter((line) => line.startsWith('SUCCEEDED'))).toEqual([]);
    expect(lines.filter((line) => line.startsWith('held')).length).toBeGreaterThanOrEqual(leastAttacks);
    expect([code, attack.output()]).toEqual([0, expect.stringMatching(/ held, 0 succeeded\.\n$/)]);
  },
  allAttacksMs,
);

test.each([
  ['without a URL', [], "Missing required argument 'url'. See: signet attack --help"],
  [
    'where nothing answers',
    ['http://127.0.0.1:1'],
    'Start it with SURFACE=production STAFF_MFA=optional npm start',
  ],
])('exits 2 %s, and says what to do', async (_case, args, advice) => {
  const attack = startProcess('npm', ['run', '--silent', 'attack', '--', ...args], {});
  const { code } = await attack.exit();
  expect([code, attack.output()]).toEqual([2, expect.stringContaining(advice)]);
});

test.each([
  ['LIMIT_DEPTH', 'many', 'must be a whole number from 1'],
  ['PLANNING_DEADLINE_MS', '5', 'must be milliseconds, 100 to 10000'],
  ['USER_TRUSTED_DOCUMENTS', 'maybe', 'must be one of off, log, enforce'],
])('npm start hands %s on to the gateway, which refuses %s', async (variable, value, fault) => {
  const start = startSignet(['start'], {
    PORT_BASE: String(await findFreePortBase()),
    SIGNET_HOME: `${home.path}/limits`,
    [variable]: value,
  });
  expect([(await start.exit()).code, start.output()]).toEqual([
    1,
    expect.stringContaining(`${variable}: ${fault}`),
  ]);
});
