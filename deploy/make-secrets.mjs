// node deploy/make-secrets.mjs [--missing] [folder]
// Writes fresh secrets for docker-compose.yml, a file each, and the proof keys by which gateways and subgraphs know each other
// (docs/proof.md). With --missing, adds to an existing folder what a new subgraph needs. Never replaces a secret: that would
// lock the platform out of its own database. Plain JavaScript without dependencies, since it runs before anything is installed.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chown, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
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

const args = process.argv.slice(2);
const addsMissing = args[0] === '--missing';
const [givenFolder, ...rest] = addsMissing ? args.slice(1) : args;
if (rest.length > 0 || givenFolder?.startsWith('-')) {
  console.error('Usage: node deploy/make-secrets.mjs [--missing] [folder]');
  process.exit(2);
}
const folder = resolve(givenFolder ?? fileURLToPath(new URL('secrets', import.meta.url)));
const proofFolder = join(folder, 'proof');
const isRoot = process.getuid?.() === 0;

try {
  await (addsMissing ? addMissing() : writeAll());
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

async function writeAll() {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await readdir(folder)).length > 0) {
    throw new Error(
      `${folder} is not empty: the secrets there stay. Use --missing to add those of a new subgraph, or remove the folder yourself.`,
    );
  }
  const secrets = createSecrets();
  for (const [name, value] of Object.entries(secrets)) {
    await writeOwned(join(folder, name), `${value}\n`, 0o600);
  }
  await makeFolder(proofFolder, 0o700);
  const known = {};
  for (const name of Object.keys(peers)) known[name] = await writeProofKey(name);
  await makeFolder(join(proofFolder, 'peers'), 0o755);
  await writeOwned(peersPath(), toJson({ peers: known }), 0o644);
  if (isRoot) await chown(folder, imageUserId, imageUserId);
  console.log(`${Object.keys(secrets).length} secrets and a set of proof keys written to ${folder}`);
  adviseOnUser();
}

/** Checks first and writes afterwards, so that a folder that can't be completed stays as it was. */
async function addMissing() {
  const present = new Set(await readdir(folder));
  const newRoles = roles.filter((name) => roleFiles(name).some((file) => !present.has(file)));
  for (const name of newRoles) {
    const [password, url] = roleFiles(name);
    const found = [password, url].find((file) => present.has(file));
    if (found) {
      throw new Error(
        `${folder} has ${found} and lacks its other half (${password}, ${url}): write that file yourself.`,
      );
    }
  }
  const { peers: known } = JSON.parse(await readFile(peersPath(), 'utf8'));
  const newPeers = Object.keys(peers).filter((name) => !known[name]);
  for (const [name, value] of Object.entries(createRoleSecrets(newRoles))) {
    await writeOwned(join(folder, name), `${value}\n`, 0o600);
  }
  for (const name of newPeers) known[name] = await writeProofKey(name);
  if (newPeers.length > 0) await replacePeers(toJson({ peers: known }));
  console.log(
    newRoles.length + newPeers.length > 0
      ? `Added to ${folder}: ${[...new Set([...newRoles, ...newPeers])].join(', ')}`
      : `${folder} has everything already.`,
  );
}

/** Compose mounts files as they are, owner and mode included: the process in the container must be the owner. */
async function writeOwned(path, text, mode) {
  await writeFile(path, text, { mode, flag: 'wx' });
  if (isRoot) await chown(path, imageUserId, imageUserId);
}

/**
 * A folder for each process to mount, with its own key, and one with everybody's public keys: a file that is mounted by itself
 * keeps its old content when another takes its place. `npx signet keys proof` lists and rotates them. Returns what peers.json
 * says of the service.
 */
async function writeProofKey(name) {
  const path = join(proofFolder, name, 'key.json');
  // A command that was killed before it wrote peers.json has left a key that nobody knows yet.
  const left = await readFile(path, 'utf8').catch(() => undefined);
  if (left) return { ...peers[name], keys: JSON.parse(left).keys.map(({ d: _, ...key }) => key) };
  const { x, d } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' });
  const key = { kty: 'OKP', crv: 'X25519', x };
  await makeFolder(join(proofFolder, name), 0o700);
  await writeOwned(path, toJson({ name, keys: [{ ...key, d }] }), 0o600);
  return { ...peers[name], keys: [key] };
}

/** With the owner of the old file: a container reads it. */
async function replacePeers(text) {
  const draft = `${peersPath()}.new`;
  const { uid, gid } = await stat(peersPath());
  await writeFile(draft, text, { mode: 0o644 });
  if (isRoot) await chown(draft, uid, gid);
  await rename(draft, peersPath());
}

function peersPath() {
  return join(proofFolder, 'peers', 'peers.json');
}

async function makeFolder(path, mode) {
  await mkdir(path, { mode, recursive: true });
  if (isRoot) await chown(path, imageUserId, imageUserId);
}

function toJson(value) {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function createSecrets() {
  const adminPassword = createPassword();
  const keys = ['password-pepper', 'audit-key', 'user-key-encryption-key', 'portal-key-encryption-key'];
  return {
    'postgres-password': adminPassword,
    'admin-database-url': databaseUrl('postgres', adminPassword),
    ...createRoleSecrets(roles),
    ...Object.fromEntries(keys.map((name) => [name, randomBytes(32).toString('base64')])),
  };
}

/** The two files of a database role: its password for `migrate`, its URL for the process. */
function roleFiles(name) {
  return [`signet-${name}-password`, `${name}-database-url`];
}

function createRoleSecrets(names) {
  return Object.fromEntries(
    names.flatMap((name) => {
      const [passwordFile, urlFile] = roleFiles(name);
      const password = createPassword();
      return [
        [passwordFile, password],
        [urlFile, databaseUrl(`signet_${name.replaceAll('-', '_')}`, password)],
      ];
    }),
  );
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
