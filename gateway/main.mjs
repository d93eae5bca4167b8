// The gateway's process. Plain JavaScript: Node loads 18 MB to read the first TypeScript, and none for what its compile cache has.
import { createRequire, enableCompileCache, flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { startAgainWithSmallHeap } from '../libs/service/small-heap.mjs';

startAgainWithSmallHeap();
// A start with a warm cache compiles and strips nothing. NODE_COMPILE_CACHE names another folder. One that cannot be written
// to is no fault. It must not be a folder in which others can write: they could put their own code into it.
// Before the cache: with undici's code from it, each request took a twentieth more (docs/decisions/0089-undici-is-compiled-anew.md).
createRequire(import.meta.url)('undici/lib/dispatcher/pool.js');
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/compile'));
await import('./src/main.ts');
// A process that is killed writes nothing.
setTimeout(flushCompileCache, 5000).unref();
