import { runKeysCommand } from './src/keys/cli/run-keys-command.ts';

/** `npm run keys -- list|rotate|revoke|import`: what an operator does to the signing keys. docs/keys.md. */
process.exitCode = await runKeysCommand({
  argv: process.argv.slice(2),
  env: process.env,
  stdin: process.stdin,
  print: console.log,
  printError: console.error,
});
