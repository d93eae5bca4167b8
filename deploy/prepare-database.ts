import { spawn } from 'node:child_process';
import { join } from 'node:path';

/**
 * What the container `migrate` runs at each start: roles, migrations, the default tenant. Each is a command of
 * `signet db`, and each finds nothing to do the second time.
 */
const env = process.env;
const signet = join(import.meta.dirname, '../cli/bin/signet.mjs');

process.exitCode = (await run(['migrate'])) || (await createDefaultTenant());

async function createDefaultTenant(): Promise<number> {
  const { DEFAULT_TENANT: slug, DEFAULT_TENANT_NAME: name } = env;
  if (!slug || !name) {
    console.error('DEFAULT_TENANT and DEFAULT_TENANT_NAME must both be set.');
    return 1;
  }
  const flags = env.DEFAULT_TENANT_SELF_REGISTRATION === 'yes' ? ['--self-registration'] : [];
  return run(['create-tenant', `--slug=${slug}`, `--name=${name}`, ...flags], {
    toleratedFailure: `There is a tenant '${slug}' already.`,
  });
}

/** Runs one command, shows what it says, and returns its exit code. */
async function run(
  args: string[],
  { toleratedFailure }: { toleratedFailure?: string } = {},
): Promise<number> {
  const child = spawn(process.execPath, [signet, 'db', ...args], { stdio: ['ignore', 'inherit', 'pipe'] });
  const errors: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  const stop = () => child.kill('SIGTERM');
  process.on('SIGTERM', stop);
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => resolve(exitCode ?? 1));
  });
  process.off('SIGTERM', stop);
  const text = errors.join('').trim();
  if (code === 1 && toleratedFailure !== undefined && text === toleratedFailure) {
    console.log(text);
    return 0;
  }
  if (text) console.error(text);
  return code;
}
