import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createHome, findFreePortBase } from '../../launcher/src/platform.test-support.ts';
import type { RepositoryCopy } from './repository-copy.test-support.ts';

/** `npm start` in a copy of the repository. `variables` are those that it was started with, `readOutput` is what it has printed so far, `password` is the one of the seeded accounts. */
export async function startCopy(copy: RepositoryCopy) {
  const home = await createHome();
  const portBase = await findFreePortBase();
  const variables = { PORT_BASE: String(portBase), SIGNET_HOME: home.path };
  const child = spawn(process.execPath, [join(copy.path, 'cli/bin/signet.mjs'), 'start'], {
    cwd: copy.path,
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const stop = async () => {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
    await home.remove();
  };
  while (!output.includes('Ctrl-C ends it')) {
    if (child.exitCode !== null) {
      await stop();
      throw new Error(`The copy did not start:\n${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const password = /Password\s+│ (.*?) {3}\(each/.exec(output)?.[1] ?? '';
  return { url: `http://localhost:${portBase}`, variables, password, readOutput: () => output, stop };
}
