import { createLogger } from '@signet/service';
import { openPlanningPool } from './planning-pool.ts';

// A process with nothing left to do but a pool of workers, one of which has planned. It must end by itself.

const pool = openPlanningPool({
  logger: createLogger('idle', 'silent'),
  deadlineMs: 2000,
  entry: new URL('./odd-worker.test-support.ts', import.meta.url),
});
void pool.add({ name: 'odd', supergraphSdl: '', renames: false });
const busy = setInterval(() => {}, 1000);
await pool.ready();
const { kind } = await pool.run({ schema: 'odd', source: '1', operationName: undefined }, 'a');
console.log(kind);
clearInterval(busy);
