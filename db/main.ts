import { parseCommand } from './src/cli/arguments.ts';
import { readConfig } from './src/cli/config.ts';
import { explainFailure } from './src/cli/explain-failure.ts';
import { readPassword } from './src/cli/read-password.ts';
import { openServer } from './src/cli/server.ts';

/** `npm run db -- <command>`: what an operator does to the database. One line for a failure, exit 1, nothing changed. */
async function main(): Promise<void> {
  const { command, options } = parseCommand(process.argv.slice(2));
  const config = readConfig(process.env);
  const server = await openServer(config);
  try {
    await command.run({
      config,
      server,
      options,
      print: (line) => console.log(line),
      readPassword: () => readPassword(process.stdin, process.stderr),
    });
  } finally {
    await server.close();
  }
}

try {
  await main();
} catch (error) {
  console.error(explainFailure(error, process.env.DATABASE_URL));
  process.exitCode = 1;
}
