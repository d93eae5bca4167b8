import { runAuditCommand } from './src/audit/cli/run-audit-command.ts';

/** `npm run audit -- verify`: whether anybody changed the audit log. docs/audit.md. */
process.exitCode = await runAuditCommand({
  argv: process.argv.slice(2),
  env: process.env,
  print: console.log,
  printError: console.error,
});
