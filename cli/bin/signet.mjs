#!/usr/bin/env node
// The command `signet`. Plain JavaScript that every Node reads: one that is too old for the TypeScript behind it hands over
// to the Node that `npm install` put into node_modules.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';

const needed = [24, 12];
const pinnedNode = fileURLToPath(new URL('../../node_modules/node/bin/node', import.meta.url));
/** The name under which the pinned Node is started here. It shows that there is no other Node to hand over to. */
const handedOver = 'signet-node';

const [major, minor] = process.versions.node.split('.').map(Number);
const isTooOld = major < needed[0] || (major === needed[0] && minor < needed[1]);

if (!isTooOld) {
  // The gateway's folder too. A command takes half of the CPU where it compiles and strips nothing.
  nodeModule.enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/compile', import.meta.url)));
  const { runProcessCommand } = await import('../src/main.ts');
  await runProcessCommand();
} else if (existsSync(pinnedNode) && process.argv0 !== handedOver) {
  handOver();
} else {
  console.error(
    `Signet needs Node ${needed.join('.')} or later, and this is Node ${process.versions.node}. npm install brings the right one ` +
      'along, but it is missing here: run npm install again and let the package "node" run its install script.',
  );
  process.exitCode = 1;
}

/** Runs the command again under the pinned Node. This process then only passes signals on, and ends as that one ends. */
function handOver() {
  const child = spawn(pinnedNode, process.argv.slice(1), { stdio: 'inherit', argv0: handedOver });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  // A terminal's Ctrl-C reaches the child twice: from the terminal and from here. The second changes nothing there.
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`${pinnedNode} can't be started: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code;
      return;
    }
    for (const name of signals) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}
