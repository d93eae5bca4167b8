// Runs The Guild's federation-gateway-audit against the gateway: node bench/federation-audit.ts <checkout> [suite]
import { spawn } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const [checkout, suite] = process.argv.slice(2);
if (checkout === undefined) {
  console.error(
    'Clone https://github.com/graphql-hive/federation-gateway-audit. Some of its development dependencies are gone from the registry: in its ' +
      'package.json, leave out devDependencies and overrides, and add tsx and graphql@16 to the dependencies. Run npm install there, and give its folder.',
  );
  process.exit(2);
}
const auditPort = 4260;
const gatewayPort = 4261;
const folder = await mkdtemp(join(tmpdir(), 'federation-audit-'));
const gateway = resolve(import.meta.dirname, '../gateway/main.ts');
// The audit starts it for each suite, with the suite's name.
const script = `curl -sf "http://localhost:${auditPort}/$1/supergraph" -o supergraph.graphql
SUPERGRAPH_FILE=$PWD/supergraph.graphql PORT=${gatewayPort} ACCESS=off PROOF=off exec "${process.execPath}" "${gateway}"
`;
await writeFile(join(folder, 'run.sh'), script);
const options = {
  port: auditPort,
  cwd: folder,
  'run-script': './run.sh',
  graphql: `http://127.0.0.1:${gatewayPort}/graphql`,
  healthcheck: `http://127.0.0.1:${gatewayPort}/health/ready`,
  reporter: 'dot',
};
const command = suite === undefined ? ['test', '--exit-on-fail'] : ['test-suite', '--test', suite];
const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
const audit = spawn('npx', ['tsx', 'src/cli.ts', ...command, ...args], { cwd: checkout, stdio: 'inherit' });
audit.on('exit', (code) => {
  console.log(`logs: ${join(folder, 'logs')}`);
  process.exitCode = code ?? 1;
});
