import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { resourceLimits } from './start-worker.ts';

const folder = mkdtempSync(join(tmpdir(), 'signet-worker-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sizeOf = (name: string) =>
  `getHeapSpaceStatistics().find((space) => space.space_name === '${name}').space_size / 1024 / 1024`;
const churn = 'const kept = []; for (let i = 0; i < 4e6; i++) kept[i % 200_000] = { i };';

test('bounds the young generation of a worker, whatever the process was started with', async () => {
  const worker = join(folder, 'worker.mjs');
  writeFileSync(
    worker,
    `import { getHeapSpaceStatistics } from 'node:v8';
import { parentPort } from 'node:worker_threads';
${churn}
parentPort.postMessage(${sizeOf('new_space')});`,
  );
  const main = join(folder, 'main.mjs');
  writeFileSync(
    main,
    `import { getHeapSpaceStatistics } from 'node:v8';
import { startPlanningWorker } from ${JSON.stringify(new URL('./start-worker.ts', import.meta.url).href)};
const { worker } = startPlanningWorker(new URL('worker.mjs', import.meta.url));
worker.ref();
worker.on('message', (workerMb) => {
  ${churn}
  console.log(JSON.stringify({ workerMb, ownMb: ${sizeOf('new_space')} }));
  process.exit();
});`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, ['--max-semi-space-size=16', main]);
  const { workerMb, ownMb } = JSON.parse(stdout);
  expect(workerMb).toBeLessThanOrEqual(resourceLimits.maxYoungGenerationSizeMb);
  expect(ownMb).toBe(32);
});
