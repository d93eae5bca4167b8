import { parentPort, workerData } from 'node:worker_threads';
import { createPepper, hashPassword, verifyPassword } from '@signet/db/password-hash';

/** Compares one password after the other, with nothing else to do, for `workerData` milliseconds; tells how many. */
const pepper = createPepper(new Uint8Array(32));
const { hash } = hashPassword('six green apples on a roof', pepper);
const end = performance.now() + Number(workerData);
let count = 0;
while (performance.now() < end) {
  verifyPassword('six green apples on a roof', hash, pepper);
  count += 1;
}
parentPort?.postMessage(count);
