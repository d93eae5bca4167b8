// node deploy/make-secrets.mjs [folder]
// Writes fresh secrets for docker-compose.yml, a file each. Never replaces one: that would lock the platform out of its
// own database. Plain JavaScript without dependencies: runs before anything is installed.
import { randomBytes } from 'node:crypto';
import { chown, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `verifier` is a role that every process has beside its own. */
const roles = ['auth-user', 'auth-portal', 'portal', 'catalog', 'inventory', 'orders', 'verifier'];
/** The user `node` of the image. */
const imageUserId = 1000;

const folder = resolve(process.argv[2] ?? fileURLToPath(new URL('secrets', import.meta.url)));
const isRoot = process.getuid?.() === 0;

try {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await readdir(folder)).length > 0) {
    throw new Error(`${folder} is not empty: the secrets there stay. Remove them yourself to make new ones.`);
  }
  const secrets = createSecrets();
  for (const [name, value] of Object.entries(secrets)) {
    await writeFile(join(folder, name), `${value}\n`, { mode: 0o600, flag: 'wx' });
    // Compose mounts the files as they are, owner and mode included: the process in the container must be the owner.
    if (isRoot) await chown(join(folder, name), imageUserId, imageUserId);
  }
  if (isRoot) await chown(folder, imageUserId, imageUserId);
  console.log(`${Object.keys(secrets).length} secrets written to ${folder}`);
  adviseOnUser();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

function createSecrets() {
  const secrets = {};
  const adminPassword = createPassword();
  secrets['postgres-password'] = adminPassword;
  secrets['admin-database-url'] = databaseUrl('postgres', adminPassword);
  for (const name of roles) {
    const password = createPassword();
    secrets[`signet-${name}-password`] = password;
    secrets[`${name}-database-url`] = databaseUrl(`signet_${name.replaceAll('-', '_')}`, password);
  }
  const keys = ['password-pepper', 'audit-key', 'user-key-encryption-key', 'portal-key-encryption-key'];
  for (const name of keys) {
    secrets[name] = randomBytes(32).toString('base64');
  }
  return secrets;
}

/** 256 bits in letters that need no escape in a URL. */
function createPassword() {
  return randomBytes(32).toString('base64url');
}

function databaseUrl(role, password) {
  return `postgres://${role}:${password}@postgres:5432/signet`;
}

function adviseOnUser() {
  const userId = isRoot ? imageUserId : process.getuid?.();
  if (userId === undefined || userId === imageUserId) return;
  console.log(
    `They belong to user ${userId}. So that the containers can read them, add these lines to .env:`,
  );
  console.log(`SIGNET_UID=${userId}\nSIGNET_GID=${process.getgid()}`);
}
