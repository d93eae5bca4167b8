// The start of a planning worker. Plain JavaScript: Node loads 18 MB to read the first TypeScript, and none for what its compile
// cache has. A thread has no compile cache unless it opens one.
import { enableCompileCache } from 'node:module';
import { workerData } from 'node:worker_threads';

if (workerData.compileCache !== undefined) enableCompileCache(workerData.compileCache);
await import('./planning-worker.ts');
