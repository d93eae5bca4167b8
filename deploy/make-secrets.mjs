// node deploy/make-secrets.mjs [--missing] [--database <host[:port]/database>] [folder]
// Writes fresh secrets for docker-compose.yml and Kubernetes, a file each, and the proof keys by which gateways and subgraphs know each
// other (docs/proof.md). With --missing, adds to an existing folder what a new subgraph needs. Never replaces a secret: that would
// lock the platform out of its own database. Plain JavaScript without dependencies, since it runs before anything is installed.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chown, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

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
/** The service `postgres`, in compose and in deploy/kubernetes/overlays/small. */
const databaseOfCompose = 'postgres:5432/signet';
/** The user `node` of the image. */
const imageUserId = 1000;

const usage =
  'Usage: node deploy/make-secrets.mjs [--missing] [--database <host[:port]/database[?parameters]>] [folder]';
const explanation = `Writes fresh secrets and proof keys, a file each, into the folder (deploy/secrets), and replaces none.
  --database   where the processes find PostgreSQL, by default the service of docker-compose.yml
  --missing    adds what a new subgraph needs
Run by root, the files belong to user 1000, as whom the containers run. Without containers give them to the user of the processes.`;
const { values: options, positionals } = readArguments();
const [givenFolder] = positionals;
const folder = resolve(givenFolder ?? fileURLToPath(new URL('secrets', import.meta.url)));
const proofFolder = join(folder, 'proof');
const isRoot = process.getuid?.() === 0;

try {
  await (options.missing ? addMissing() : writeAll());
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

function readArguments() {
  try {
    const read = parseArgs({
      options: { missing: { type: 'boolean' }, database: { type: 'string' }, help: { type: 'boolean' } },
      allowPositionals: true,
    });
    if (read.values.help) {
      console.log(`${usage}\n${explanation}`);
      process.exit(0);
    }
    const { database } = read.values;
    if (database !== undefined && !isPlace(database)) {
      throw new Error(
        '--database: must be a host and a database without a user, such as db.example.com:5432/signet?sslmode=verify-full',
      );
    }
    if (read.positionals.length > 1) throw new Error('There is one folder.');
    return read;
  } catch (error) {
    console.error(`${error.message}\n${usage}`);
    process.exit(2);
  }
}

function isPlace(database) {
  const url = URL.parse(`postgres://${database}`);
  return Boolean(url?.hostname && /^\/[^/]+$/.test(url.pathname) && !url.username && !url.password);
}

async function writeAll() {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await readdir(folder)).length > 0) {
    throw new Error(
      `${folder} is not empty: the secrets there stay. Use --missing to add those of a new subgraph, or remove the folder yourself.`,
    );
  }
  const secrets = createSecrets(options.database ?? databaseOfCompose);
  for (const [name, value] of Object.entries(secrets)) {
    await writeOwned(join(folder, name), `${value}\n`, 0o600);
  }
  await makeFolder(proofFolder, 0o700);
  const known = {};
  for (const name of Object.keys(peers)) known[name] = await writeProofKey(name);
  await makeFolder(join(proofFolder, 'peers'), 0o755);
  await writeOwned(peersPath(), toJson({ peers: known }), 0o644);
  await writeKustomization();
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
  const database = options.database ?? (await findDatabase());
  for (const [name, value] of Object.entries(createRoleSecrets(newRoles, database))) {
    await writeOwned(join(folder, name), `${value}\n`, 0o600);
  }
  for (const name of newPeers) known[name] = await writeProofKey(name);
  if (newPeers.length > 0) await replacePeers(toJson({ peers: known }));
  await writeKustomization();
  console.log(
    newRoles.length + newPeers.length > 0
      ? `Added to ${folder}: ${[...new Set([...newRoles, ...newPeers])].join(', ')}`
      : `${folder} has everything already.`,
  );
}

/** Where the roles that are there connect to. */
async function findDatabase() {
  const url = await readFile(join(folder, 'verifier-database-url'), 'utf8');
  return url.trim().replace(/^.*@/, '');
}

/**
 * For `kubectl apply -k`, which makes a Secret of each file. It stands beside them because kustomize reads no file above its own.
 * Names without a hash: a proof key that is replaced arrives in pods that run. The entrance `graph` has no pod.
 */
async function writeKustomization() {
  const files = (await readdir(folder)).filter((name) => name !== 'proof' && name !== 'kustomization.yaml');
  const secrets = files.map((name) => `  - { name: ${name}, files: [${name}] }\n`);
  const members = Object.keys(peers).filter((name) => name !== 'gateway-graph');
  const keys = members.map(
    (name) => `  - { name: proof-${name}, files: [key.json=proof/${name}/key.json] }\n`,
  );
  const text = `# Written by make-secrets.mjs. deploy/kubernetes/README.md says what it is for.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: signet
generatorOptions:
  disableNameSuffixHash: true
  labels: { app.kubernetes.io/part-of: signet }
secretGenerator:
${secrets.sort().join('')}${keys.join('')}configMapGenerator:
  - { name: proof-peers, files: [peers.json=proof/peers/peers.json] }
`;
  const path = join(folder, 'kustomization.yaml');
  await writeFile(path, text, { mode: 0o644 });
  if (isRoot) await chown(path, imageUserId, imageUserId);
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

function createSecrets(database) {
  const adminPassword = createPassword();
  const keys = ['password-pepper', 'audit-key', 'user-key-encryption-key', 'portal-key-encryption-key'];
  return {
    'postgres-password': adminPassword,
    'admin-database-url': databaseUrl('postgres', adminPassword, database),
    ...createRoleSecrets(roles, database),
    ...Object.fromEntries(keys.map((name) => [name, randomBytes(32).toString('base64')])),
  };
}

/** The two files of a database role: its password for `migrate`, its URL for the process. */
function roleFiles(name) {
  return [`signet-${name}-password`, `${name}-database-url`];
}

function createRoleSecrets(names, database) {
  return Object.fromEntries(
    names.flatMap((name) => {
      const [passwordFile, urlFile] = roleFiles(name);
      const password = createPassword();
      return [
        [passwordFile, password],
        [urlFile, databaseUrl(`signet_${name.replaceAll('-', '_')}`, password, database)],
      ];
    }),
  );
}

/** 256 bits in letters that need no escape in a URL. */
function createPassword() {
  return randomBytes(32).toString('base64url');
}

function databaseUrl(role, password, database) {
  return `postgres://${role}:${password}@${database}`;
}

function adviseOnUser() {
  const userId = isRoot ? imageUserId : process.getuid?.();
  if (userId === undefined || userId === imageUserId) return;
  console.log(
    `They belong to user ${userId}. So that the containers can read them, add these lines to .env:`,
  );
  console.log(`SIGNET_UID=${userId}\nSIGNET_GID=${process.getgid()}`);
}
