// node deploy/make-secrets.mjs [folder]
// Writes fresh secrets for docker-compose.yml, a file each, and the proof keys that gateways and subgraphs know each other by
// (docs/proof.md). Never replaces one: that would lock the platform out of its own database. Plain JavaScript without dependencies: runs before anything is installed.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const registry = JSON.parse(await readFile(new URL('../schema/subgraphs.json', import.meta.url), 'utf8'));
/** The processes of the subgraphs. Auth runs twice, once for each platform. */
const subgraphs = registry.flatMap(({ name }) => (name === 'auth' ? ['auth-user', 'auth-portal'] : [name]));
/** `verifier` is a role that every process has beside its own. */
const roles = [...subgraphs, 'verifier'];
/** Who signs requests, and for whom, as peers.json says it. */
const peers = Object.fromEntries([
  ...['graph', 'user', 'portal'].map((entrance) => [`gateway-${entrance}`, { role: 'gateway', entrance }]),
  ...subgraphs.map((name) => [name, { role: 'subgraph' }]),
]);
/** The user `node` of the image. */
const imageUserId = 1000;

if (process.argv.length > 3 || process.argv[2]?.startsWith('-')) {
  console.error('Usage: node deploy/make-secrets.mjs [folder]');
  process.exit(2);
}
const folder = resolve(process.argv[2] ?? fileURLToPath(new URL('secrets', import.meta.url)));
const isRoot = process.getuid?.() === 0;

try {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await readdir(folder)).length > 0) {
    throw new Error(`${folder} is not empty: the secrets there stay. Remove them yourself to make new ones.`);
  }
  const secrets = createSecrets();
  for (const [name, value] of Object.entries(secrets)) {
    await writeOwned(join(folder, name), `${value}\n`, 0o600);
  }
  await writeProofKeys(join(folder, 'proof'));
  if (isRoot) await chown(folder, imageUserId, imageUserId);
  console.log(`${Object.keys(secrets).length} secrets and a set of proof keys written to ${folder}`);
  adviseOnUser();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

/** Compose mounts files as they are, owner and mode included: the process in the container must be the owner. */
async function writeOwned(path, text, mode) {
  await writeFile(path, text, { mode, flag: 'wx' });
  if (isRoot) await chown(path, imageUserId, imageUserId);
}

/**
 * A folder for each process to mount, with its own key, and one with everybody's public keys: a file that is mounted by itself
 * keeps its old content when another takes its place. `npm run keys -- proof` lists and rotates them.
 */
async function writeProofKeys(proofFolder) {
  await makeFolder(proofFolder, 0o700);
  const known = {};
  for (const [name, peer] of Object.entries(peers)) {
    const { x, d } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' });
    const key = { kty: 'OKP', crv: 'X25519', x };
    known[name] = { ...peer, keys: [key] };
    await makeFolder(join(proofFolder, name), 0o700);
    await writeOwned(join(proofFolder, name, 'key.json'), toJson({ name, keys: [{ ...key, d }] }), 0o600);
  }
  await makeFolder(join(proofFolder, 'peers'), 0o755);
  await writeOwned(join(proofFolder, 'peers', 'peers.json'), toJson({ peers: known }), 0o644);
}

async function makeFolder(path, mode) {
  await mkdir(path, { mode });
  if (isRoot) await chown(path, imageUserId, imageUserId);
}

function toJson(value) {
  return `${JSON.stringify(value, null, 2)}\n`;
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
