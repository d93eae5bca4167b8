import { runKeysCommand } from './src/keys/cli/run-keys-command.ts';

/** `npm run keys -- list|rotate|revoke|import|proof`: what an operator does to keys. docs/keys.md, docs/proof.md. */
process.exitCode = await runKeysCommand({
  argv: process.argv.slice(2),
  env: process.env,
  stdin: process.stdin,
  print: console.log,
  printError: console.error,
});
