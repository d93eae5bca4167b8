import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { authConfigSchema } from '@signet/auth';
import { processRoles } from '@signet/db';
import { readOperatorConfig } from '@signet/db/operator';
import { createAnswerBudget, gatewayConfigSchema, planningMemoryMb } from '@signet/gateway';
import { jwksPathOf } from '@signet/schema/contract';
import { portOffsets, subgraphs } from '@signet/schema/subgraphs';
import { loadConfig, maxHeaderBytes } from '@signet/service';
import { withOwnSettings } from '@signet/subgraph/config';
import { ownSettings } from '@signet/subgraph/own-settings';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { graphFields } from '../gateway/src/config-graph.ts';
import { keysUrlOf } from '../gateway/src/entrance/well-known.ts';
import {
  type ComposeFile,
  readComposeFile,
  readComposeVariables,
  root,
} from './compose-file.test-support.ts';
import { addService, findMissingParts, removeService } from './compose-services.ts';
import { readImages } from './dockerfile.test-support.ts';
import { makeSecrets, type SecretsFolder } from './secrets.test-support.ts';
import {
  mountsOf,
  type Process,
  portOf,
  proofMounts,
  readProcesses,
  secretsMount,
  withSecretsFrom,
} from './services.test-support.ts';

const composeText = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
const compose: ComposeFile = readComposeFile();
const processes = readProcesses(compose);
const servers = processes.filter(({ name }) => name !== 'migrate');
const gateways = ['gateway-user', 'gateway-portal', 'gateway-graph'];
const subgraphServers = servers.filter(({ target }) => target !== 'gateway');
const byName = new Map(processes.map((process) => [process.name, process]));
const ignoreRules = readFileSync(join(root, '.dockerignore'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const sent = ignoreRules.filter((rule) => rule.startsWith('!')).map((rule) => rule.slice(1));
const isSent = (path: string) => sent.some((rule) => matchesGlob(path, rule) || path.startsWith(`${rule}/`));
const named = (list: Process[]) => list.map((process) => [process.name, process] as const);

function schemaOf({ target }: Process) {
  if (target === 'gateway') return gatewayConfigSchema;
  return target === 'auth' ? authConfigSchema : withOwnSettings(ownSettings.get(target));
}

/** The settings that a service is not passed, each with the reason. */
function leftOut({ target, environment }: Process): Readonly<Record<string, string>> {
  const publicKeys = 'auth publishes the keys, and they rotate';
  const oneValue = 'has one value in production, which is its default';
  const always = {
    REQUIRE_PROOF: oneValue,
    SURFACE: oneValue,
    ...(target !== 'auth' && { ISSUERS_FILE: 'names a file that only an operator with other issuers has' }),
  };
  if (target === 'gateway') {
    const others = ['GRAPH', 'USER', 'PORTAL'].filter(
      (name) => name !== environment.ENTRANCES?.toUpperCase(),
    );
    const reason = 'belongs to an entrance that another process opens';
    const proofKeys = Object.fromEntries(others.map((name) => [`${name}_PROOF_KEY_FILE`, reason]));
    const otherGraph = Object.fromEntries(
      Object.keys(graphFields).map((name) => [name, "is for a supergraph other than the platform's"]),
    );
    const proof = { PROOF: oneValue, PROOF_OFF_IN_PRODUCTION: oneValue };
    const keys = { USER_PUBLIC_KEYS: publicKeys, PORTAL_PUBLIC_KEYS: publicKeys };
    return { ...always, ...proof, ...otherGraph, ...proofKeys, ...keys };
  }
  if (target !== 'auth') return { ...always, USER_PUBLIC_KEYS: publicKeys, PORTAL_PUBLIC_KEYS: publicKeys };
  const [own, foreign] = environment.AUTH_PLATFORMS === 'user' ? ['USER_', 'PORTAL_'] : ['PORTAL_', 'USER_'];
  const foreignVariables = Object.keys(authConfigSchema.shape).filter(
    (name) => name.startsWith(foreign) && name !== `${foreign}JWKS_URL`,
  );
  return {
    ...always,
    [`${own}PRIVATE_KEY`]: 'keys are in the database; as PEM they are files that only the operator has',
    [`${own}PUBLIC_KEYS`]: 'only beside the private key',
    ...Object.fromEntries(
      foreignVariables.map((name) => [name, 'belongs to the platform of the other process']),
    ),
  };
}

/** The variables that a service has: with a value, as the name of a file with it, or as the path of a file. */
function passedTo({ environment }: Process): ReadonlySet<string> {
  return new Set(Object.keys(environment).flatMap((name) => [name, name.replace(/_FILE$/, '')]));
}

/** A line to add for each setting that a service should be passed and is not. */
function findUnpassed(process: Process, settings: readonly string[]): string[] {
  const [passed, reasons] = [passedTo(process), leftOut(process)];
  return settings
    .filter((name) => !passed.has(name) && !(name in reasons))
    .map((name) => `docker-compose.yml: add ${placeOf(process, name)}:\n  ${name}: \${${name}:-}`);
}

function placeOf({ name, target }: Process, variable: string): string {
  if (target === 'gateway') return 'under x-router';
  if (Object.hasOwn(ownSettings.get(target) ?? {}, variable))
    return `in the environment of the service ${name}`;
  if (target !== 'auth') return 'under x-subgraph';
  return /^(USER|PORTAL)_/.test(variable) ? `in the environment of the service ${name}` : 'under x-issuer';
}

/** Code, libraries and buffers of the runtime, which no setting limits: as measured, and half as much again. */
const codeMb = 120;

function megabytesOf(limit = ''): number {
  const [, amount, unit] = /^(\d+)([mg])$/.exec(limit) ?? [];
  return Number(amount) * (unit === 'g' ? 1024 : 1);
}

function heapOf({ NODE_OPTIONS = '' }: Process['environment']): number {
  return Number(/^--max-old-space-size=(\d+)$/.exec(NODE_OPTIONS)?.[1]);
}

describe('docker-compose.yml and the Dockerfile', () => {
  let secrets: SecretsFolder;
  beforeAll(async () => {
    secrets = await makeSecrets();
  });
  afterAll(() => secrets.remove());

  it('have every line of every subgraph; the fault names the line to add', () => {
    expect(findMissingParts(composeText, subgraphs)).toEqual([]);
    const without = composeText.replace(/^ {2}PORTAL_URL: .*\n/m, '');
    expect(findMissingParts(without, subgraphs)).toEqual([
      'docker-compose.yml: add under x-router:\n  PORTAL_URL: http://portal:4012/graphql',
    ]);
  });

  it('take a new subgraph, once, and are as before without it', () => {
    const samples = { name: 'samples', portOffset: 19, isDemo: false, hasPersonalData: true };
    const added = addService(composeText, samples);
    expect(findMissingParts(added, [...subgraphs, samples])).toEqual([]);
    expect(addService(added, samples)).toBe(added);
    expect(parse(added, { merge: true }).services.samples).toMatchObject({
      build: { args: { SUBGRAPH: 'samples' } },
      environment: { PORT: '4019', PROOF_KEY_FILE: '/run/proof/key/key.json' },
    });
    expect(removeService(added, samples)).toBe(composeText);
  });

  it('run every subgraph, the gateway, and auth once for each platform', () => {
    const targets = new Set(servers.map(({ target }) => target));
    expect(targets).toEqual(new Set(['gateway', ...subgraphs.map(({ name }) => name)]));
    const platforms = servers.flatMap(({ environment }) => environment.AUTH_PLATFORMS ?? []);
    expect(platforms.sort()).toEqual(['portal', 'user']);
  });

  it.each(named(processes))(
    '%s: the command starts a file that its image holds',
    (_name, { command, image }) => {
      const [program, file = ''] = command;
      expect(program).toBe('node');
      expect(existsSync(join(root, file))).toBe(true);
      expect(image.copied.some((path) => file === path || file.startsWith(`${path}/`))).toBe(true);
    },
  );

  it.each(named(servers))(
    '%s: its configuration is complete and holds no unknown variable',
    (_name, process) => {
      const schema = schemaOf(process);
      const environment = withSecretsFrom(secrets.folder, process.environment, mountsOf(process.service));
      expect(() => loadConfig(schema, environment)).not.toThrow();
      const unknown = Object.keys(environment).filter(
        // The images have two more: subgraphs/main.ts reads SUBGRAPH, and Node reads NODE_OPTIONS.
        (name) =>
          !(name in schema.shape || name.replace(/_FILE$/, '') in schema.shape) &&
          !['SUBGRAPH', 'NODE_OPTIONS'].includes(name),
      );
      expect(unknown).toEqual([]);
    },
  );

  it.each(named(servers))(
    '%s: is passed every setting that it reads, but for those with a reason; the fault names the line to add',
    (_name, process) => {
      expect(findUnpassed(process, Object.keys(schemaOf(process).shape))).toEqual([]);
      const unused = Object.keys(leftOut(process)).filter((name) => passedTo(process).has(name));
      expect(unused).toEqual([]);
      expect(findUnpassed(process, ['NEW_SETTING'])[0]).toMatch(
        /^docker-compose\.yml: add under x-(router|issuer|subgraph):\n {2}NEW_SETTING: \$\{NEW_SETTING:-\}$/,
      );
    },
  );

  it.each([
    ['auth-user', 'PORTAL_'],
    ['auth-portal', 'USER_'],
  ])('%s: knows of the other platform where its public keys are, and nothing else', (name, foreign) => {
    const passed = [...passedTo(byName.get(name) as Process)];
    expect(passed.filter((variable) => variable.startsWith(foreign))).toEqual([`${foreign}JWKS_URL`]);
  });

  it('an empty variable leaves the default, and a set one reaches both issuers', () => {
    const read = (variables: Record<string, string>, name: string) => {
      const process = readProcesses(readComposeFile(variables)).find(
        (found) => found.name === name,
      ) as Process;
      return loadConfig(authConfigSchema, withSecretsFrom(secrets.folder, process.environment));
    };
    expect(read({}, 'auth-user')).toMatchObject({
      THROTTLE_PAIR_FAILURES: 5,
      USER_ACCESS_TOKEN_SECONDS: 900,
      USER_PASSWORD_THREADS: undefined,
    });
    const set = {
      THROTTLE_PAIR_FAILURES: '9',
      PORTAL_PASSWORD_THREADS: '3',
      PORTAL_SIGNING_ALGORITHM: 'ES256',
    };
    expect(read(set, 'auth-user').THROTTLE_PAIR_FAILURES).toBe(9);
    expect(read(set, 'auth-portal')).toMatchObject({
      THROTTLE_PAIR_FAILURES: 9,
      PORTAL_PASSWORD_THREADS: 3,
      PORTAL_SIGNING_ALGORITHM: 'ES256',
    });
  });

  it('migrate: its configuration is complete, with a password for every role', () => {
    const migrate = byName.get('migrate') as Process;
    const config = readOperatorConfig(withSecretsFrom(secrets.folder, migrate.environment));
    expect(config).toMatchObject({
      NODE_ENV: 'production',
      DATABASE_URL: expect.stringContaining('@postgres:5432/'),
    });
    expect(new Set(Object.values(config.rolePasswords ?? {})).size).toBe(processRoles.length);
    expect(config.PASSWORD_PEPPER?.map(({ length }) => length)).toEqual([32]);
  });

  it.each(named(subgraphServers))('%s: signs in to the database as its own role', (name, { environment }) => {
    const variable =
      Object.keys(environment).find((key) => /^(USER_|PORTAL_)?DATABASE_URL_FILE$/.test(key)) ?? '';
    expectRole(environment[variable], name);
  });

  it.each(named(servers))(
    '%s: reads revocations as a role that reads nothing else',
    (_name, { environment }) => {
      expectRole(environment.REVOCATIONS_DATABASE_URL_FILE, 'verifier');
    },
  );

  function expectRole(file = '', role: string) {
    const url = new URL(readFileSync(file.replace(secretsMount, `${secrets.folder}/`), 'utf8').trim());
    expect(url.username).toBe(`signet_${role.replaceAll('-', '_')}`);
    expect(url.host).toBe('postgres:5432');
    expect(url.password).toBe(readFileSync(join(secrets.folder, `signet-${role}-password`), 'utf8').trim());
  }

  it('give each process the secrets that it reads, and no other', () => {
    for (const { name, service, environment } of processes) {
      const read = Object.values(environment).filter((value) => value.startsWith(secretsMount));
      expect([name, read.map((path) => path.slice(secretsMount.length)).sort()]).toEqual([
        name,
        [...(service.secrets ?? [])].sort(),
      ]);
    }
  });

  it.each(named(servers))('%s: reads its own proof key, and nobody else does', (name, process) => {
    const mounted = mountsOf(process.service)
      .filter(({ source }) => source.startsWith('./deploy/secrets/'))
      .map(({ source, target }) => [source, target]);
    expect(mounted).toEqual([
      ['./deploy/secrets/proof/peers', proofMounts.peers],
      [`./deploy/secrets/proof/${name}`, proofMounts.key],
    ]);
    for (const mount of mountsOf(process.service)) {
      expect(mount).toMatchObject({ type: 'bind', read_only: true, bind: { create_host_path: false } });
    }
    const variable =
      process.target === 'gateway'
        ? `${process.environment.ENTRANCES?.toUpperCase()}_PROOF_KEY_FILE`
        : 'PROOF_KEY_FILE';
    const set = Object.entries(process.environment).filter(([key]) => /PROOF_KEY_FILE$/.test(key));
    expect(set).toEqual([[variable, `${proofMounts.key}/key.json`]]);
    expect(process.environment.PROOF_PEERS_FILE).toBe(`${proofMounts.peers}/peers.json`);
    const key = readFileSync(join(secrets.folder, 'proof', name, 'key.json'), 'utf8');
    expect(JSON.parse(key).name).toBe(name);
  });

  it('give the gateways the manifests of trusted documents, a folder for each entrance', () => {
    for (const name of gateways) {
      const { service, environment } = byName.get(name) as Process;
      const documents = mountsOf(service).find(({ source }) => source === './deploy/trusted-documents');
      expect(documents).toMatchObject({ target: '/run/trusted-documents', read_only: true });
      for (const entrance of ['graph', 'user', 'portal']) {
        const variable = `${entrance.toUpperCase()}_TRUSTED_DOCUMENTS`;
        expect(environment[variable]).toBe('off');
        expect(environment[`${variable}_FILES`]).toBe(`/run/trusted-documents/${entrance}`);
        expect(existsSync(join(root, 'deploy/trusted-documents', entrance))).toBe(true);
      }
    }
  });

  it('give proof keys to servers alone, and ask for proof everywhere', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      const isServer = servers.some((server) => server.name === name);
      expect([name, mountsOf(service).length > 0]).toEqual([name, isServer]);
      expect(service.environment?.REQUIRE_PROOF).toBeUndefined();
    }
  });

  it('name exactly the secrets that make-secrets.mjs writes', () => {
    expect(Object.keys(compose.secrets).sort()).toEqual(secrets.names);
    for (const [name, { file }] of Object.entries(compose.secrets)) {
      expect(file).toBe(`deploy/secrets/${name}`);
    }
  });

  it('listen on the ports of the registry, and the gateway on those that its image exposes', () => {
    const offsets = new Map<string, number>(subgraphs.map(({ name, portOffset }) => [name, portOffset]));
    for (const { target, environment, image } of servers) {
      const entrance = environment.ENTRANCES as keyof typeof portOffsets | undefined;
      expect(portOf(environment)).toBe(
        4000 + (entrance ? portOffsets[entrance] : (offsets.get(target) ?? -1)),
      );
      if (entrance) expect(image.exposed).toContain(portOf(environment));
      expect(environment.HOST).toBe('0.0.0.0');
    }
  });

  it('publish the entrances only, each a process of its own, on loopback unless told otherwise', () => {
    const published = Object.entries(compose.services).flatMap(([name, { ports = [] }]) =>
      ports.map((port) => [name, port]),
    );
    expect(published).toEqual([
      ['gateway-user', '127.0.0.1:4001:4001'],
      ['gateway-portal', '127.0.0.1:4002:4002'],
      ['gateway-graph', '127.0.0.1:4000:4000'],
    ]);
    const open = readComposeFile({ GATEWAY_ADDRESS: '0.0.0.0', USER_PORT: '443' });
    expect(open.services['gateway-user']?.ports).toEqual(['0.0.0.0:443:4001']);
  });

  it('open the entrance with both doors only where it is asked for', () => {
    const always = Object.entries(compose.services).filter(([, { profiles }]) => profiles === undefined);
    expect(always.flatMap(([, { environment }]) => environment?.ENTRANCES ?? [])).toEqual(['user', 'portal']);
    expect(compose.services['gateway-graph']?.profiles).toEqual(['graph']);
  });

  it.each(['gateway-user', 'gateway-portal'])('%s: publishes its keys where their metadata says', (name) => {
    const { environment = {}, ports = [] } = compose.services[name] ?? {};
    const platform = name.replace('gateway-', '') as 'user' | 'portal';
    const [, published, inside] = ports[0]?.split(':') ?? [];
    const config = { ISSUER_URL: environment.ISSUER_URL ?? '', ENTRANCES: [platform] };
    expect(keysUrlOf(config, Number(inside))).toBe(`http://localhost:${published}`);
  });

  it('call each other at a service of the same network, its port, and a host that it answers for', () => {
    for (const { name, environment, service } of servers) {
      for (const [variable, value] of Object.entries(environment)) {
        if (!variable.endsWith('_URL') || /^(ISSUER|MAIL|\w+_APP)_URL$/.test(variable)) continue;
        const { hostname, port, pathname } = new URL(value);
        const called = byName.get(hostname) as Process;
        expect([name, variable, Number(port)]).toEqual([name, variable, portOf(called.environment)]);
        expect(called.environment.ALLOWED_HOSTS?.split(',')).toContain(hostname);
        expect(service.networks.some((network) => called.service.networks.includes(network))).toBe(true);
        const jwks = variable === 'USER_JWKS_URL' ? jwksPathOf('user') : jwksPathOf('portal');
        expect(pathname).toBe(variable.endsWith('JWKS_URL') ? jwks : '/graphql');
      }
    }
  });

  it('give the gateway nothing of the database but revocations, and a way out to the issuers alone, for mail', () => {
    const { data, graph } = compose.networks;
    expect([data?.internal, graph?.internal]).toEqual([true, true]);
    for (const name of gateways) expect(compose.services[name]?.secrets).toEqual(['verifier-database-url']);
    expect(byName.get('gateway-user')?.image.copied.filter((path) => /^(db|subgraphs)/.test(path))).toEqual(
      [],
    );
    for (const [name, { networks }] of Object.entries(compose.services)) {
      expect(networks.includes('edge')).toBe(gateways.includes(name));
      expect(networks.includes('mail')).toBe(byName.get(name)?.target === 'auth');
    }
  });

  it('start in the order of need: the database, its tables, the issuers, the subgraphs, the gateway', () => {
    const conditions = (name: string) =>
      Object.fromEntries(
        Object.entries(compose.services[name]?.depends_on ?? {}).map(([on, { condition }]) => [
          on,
          condition,
        ]),
      );
    expect(conditions('migrate')).toEqual({ postgres: 'service_healthy' });
    for (const { name, target } of subgraphServers) {
      const migrated = { migrate: 'service_completed_successfully' };
      const issuers = { 'auth-user': 'service_healthy', 'auth-portal': 'service_healthy' };
      expect(conditions(name)).toEqual(target === 'auth' ? migrated : { ...migrated, ...issuers });
    }
    expect(conditions('gateway-user')).toEqual(
      Object.fromEntries(subgraphServers.map(({ name }) => [name, 'service_healthy'])),
    );
  });

  it('give a process no more than it needs: no root, no writing, no new privileges', () => {
    for (const { service, image } of processes) {
      expect(service).toMatchObject({
        user: '1000:1000',
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
      expect(image).toMatchObject({ base: 'node:24-slim', user: 'node' });
      expect(image.env.NODE_ENV).toBe('production');
    }
  });

  it('limit the memory of every service, without swap, and the heap of every process well below that', () => {
    for (const [name, { mem_limit: limit, memswap_limit: withSwap }] of Object.entries(compose.services)) {
      expect([name, megabytesOf(limit)]).toEqual([name, expect.any(Number)]);
      expect([name, withSwap]).toEqual([name, limit]);
    }
    for (const { name, service, environment } of processes) {
      expect([name, heapOf(environment) <= megabytesOf(service.mem_limit) / 2]).toEqual([name, true]);
    }
  });

  it.each(gateways)('%s: all that it may take at once is less than its memory limit', (name) => {
    const { environment, service, target } = byName.get(name) as Process;
    expect(target).toBe('gateway');
    const config = loadConfig(
      gatewayConfigSchema,
      withSecretsFrom(secrets.folder, environment, mountsOf(service)),
    );
    const answers = config.MAX_ANSWER_BYTES + createAnswerBudget(config).maxBytes;
    const bytes = config.MAX_BODY_BYTES + answers + config.MAX_CONNECTIONS * maxHeaderBytes;
    const most = heapOf(environment) + planningMemoryMb + bytes / 2 ** 20 + codeMb;
    expect(most).toBeLessThanOrEqual(megabytesOf(service.mem_limit));
  });

  it('check the readiness of every server, and of nothing that only runs once', () => {
    for (const { image } of servers) expect(image.healthcheck).toContain('/health/ready');
    expect(byName.get('migrate')?.image.healthcheck).toBeUndefined();
  });

  it('copy only files that exist, and every package that the lock file knows', () => {
    const copied = new Set(processes.flatMap(({ image }) => image.copied));
    for (const path of copied) expect([path, existsSync(join(root, path))]).toEqual([path, true]);
    // `COPY . .` into the stage of manifests brings what .dockerignore lets through.
    const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const manifests = globSync(
      workspaces.map((pattern: string) => `${pattern}/package.json`),
      { cwd: root },
    );
    expect(manifests.filter((path) => !isSent(path))).toEqual([]);
  });

  it('install production packages only, of every subgraph and apart from them of the gateway', () => {
    const images = readImages();
    const install = (stage: string) => images.get(stage)?.ran.join(' ') ?? '';
    const workspaces = (stage: string) =>
      [...install(stage).matchAll(/--workspace=(\S+)/g)].map(([, name]) => name);
    expect(workspaces('gateway-packages')).toEqual(['gateway']);
    // The shell fills in the folders.
    expect(install('subgraph-packages')).toContain(
      `--workspace=cli $(printf -- '--workspace=%s ' subgraphs/*/) `,
    );
    for (const stage of ['gateway-packages', 'subgraph-packages']) {
      expect(install(stage)).toContain('npm ci --omit=dev --omit=optional --ignore-scripts ');
    }
  });

  it('send the engine what is copied, and neither secrets nor local data', () => {
    const [first, ...rules] = ignoreRules;
    expect(first).toBe('*');
    expect(processes.flatMap(({ image }) => image.copied).filter((path) => !isSent(path))).toEqual([]);
    expect(sent.filter((rule) => 'deploy/secrets'.startsWith(rule) || '.env'.startsWith(rule))).toEqual([]);
    expect(rules).toEqual(
      expect.arrayContaining(['deploy/secrets', '.env', '**/.signet', '**/node_modules']),
    );
    expect(readFileSync(join(root, 'deploy/.gitignore'), 'utf8').split('\n')).toContain('secrets/');
  });

  it('leave every variable to .env.example with the same default', () => {
    const lines = readFileSync(join(root, '.env.example'), 'utf8').split('\n');
    const example = Object.fromEntries(
      lines.filter((line) => /^\w+=/.test(line)).map((line) => line.split(/=(.*)/s, 2)),
    );
    expect(example).toEqual(readComposeVariables());
  });
});
