import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { portOffsets } from '@signet/schema/subgraphs';
import { parse } from 'yaml';

type Mount = { source: string; target: string };
type Service = {
  build?: { target: string; args?: { SUBGRAPH: string } };
  environment?: Readonly<Record<string, string>>;
  secrets?: readonly string[];
  volumes?: readonly (string | Mount)[];
  networks: readonly string[];
  mem_limit?: string;
  profiles?: readonly string[];
};

/** The value of a variable: fixed, or a setting of the operator's with the default that docker-compose.yml gives it. */
export type Value = { fixed: string } | { setting: string; default: string; isSecret: boolean };

/** One of our processes, as docker-compose.yml describes it. */
export type ComposedProcess = {
  name: string;
  kind: 'gateway' | 'issuer' | 'subgraph' | 'migration';
  /** `gateway`, `migrate`, or the subgraph. */
  image: string;
  environment: [name: string, value: Value][];
  secrets: readonly string[];
  /** Whether it proves its name to others, with a key of its own. */
  hasProofKey: boolean;
  /** Absent where it serves nothing. */
  port: number | undefined;
  /** Of a gateway. */
  entrance: string | undefined;
  memoryMb: number;
  /** Names of the processes that it calls, each once. */
  calls: readonly string[];
  usesDatabase: boolean;
  /** Whether it calls servers outside of the platform: mail servers, identity providers. */
  usesOutside: boolean;
};

/**
 * Every process that docker-compose.yml starts without a profile, in the order of the file. `secretSettings`: the names of settings
 * that are secrets.
 */
export function readComposedProcesses(
  tree: string,
  secretSettings: ReadonlySet<string> = new Set(),
): ComposedProcess[] {
  const file = parse(readFileSync(join(tree, 'docker-compose.yml'), 'utf8'), { merge: true });
  const services = Object.entries(file.services as Record<string, Service>);
  return services.flatMap(([name, service]) =>
    service.build && !service.profiles ? [readProcess(name, service, secretSettings)] : [],
  );
}

function readProcess(name: string, service: Service, secretSettings: ReadonlySet<string>): ComposedProcess {
  const { build, environment = {}, secrets = [], volumes = [], networks } = service;
  const image = build?.args?.SUBGRAPH ?? build?.target ?? name;
  const entrance = environment.ENTRANCES;
  return {
    name,
    kind: kindOf(image),
    image,
    environment: Object.entries(environment).map(([variable, text]) => [
      variable,
      readValue(variable, text, secretSettings),
    ]),
    secrets,
    hasProofKey: volumes.some((volume) => typeof volume !== 'string' && volume.target === '/run/proof/key'),
    port: entrance
      ? 4000 + portOfEntrance(entrance)
      : environment.PORT
        ? Number(environment.PORT)
        : undefined,
    entrance,
    memoryMb: readMegabytes(name, service.mem_limit),
    calls: [...new Set(Object.values(environment).flatMap((text) => calledHost(text)))].filter(
      (called) => called !== name,
    ),
    usesDatabase: networks.includes('data'),
    usesOutside: networks.includes('mail'),
  };
}

function kindOf(image: string): ComposedProcess['kind'] {
  if (image === 'gateway') return 'gateway';
  if (image === 'migrate') return 'migration';
  return image === 'auth' ? 'issuer' : 'subgraph';
}

function portOfEntrance(entrance: string): number {
  const offset = (portOffsets as Readonly<Record<string, number>>)[entrance];
  if (offset === undefined)
    throw new TypeError(`docker-compose.yml: ENTRANCES=${entrance} names no entrance`);
  return offset;
}

/** `${NAME:-default}` alone is a setting. A variable inside a longer text would need a shell, which Kubernetes has not. */
function readValue(variable: string, text: string, secretSettings: ReadonlySet<string>): Value {
  const [, setting, fallback = ''] = /^\$\{(\w+):-([^}]*)\}$/.exec(text) ?? [];
  if (setting !== undefined) return { setting, default: fallback, isSecret: secretSettings.has(setting) };
  if (text.includes('${')) {
    throw new TypeError(`docker-compose.yml: ${variable}: write \${NAME:-default} and nothing around it`);
  }
  return { fixed: text };
}

/** Inside, all is plain http by the name of a service; `http://localhost` of a default is an address of clients. */
function calledHost(text: string): string[] {
  const [, host] = /^http:\/\/([a-z][a-z0-9-]*):\d+\//.exec(text) ?? [];
  return host && host !== 'localhost' ? [host] : [];
}

function readMegabytes(name: string, limit = ''): number {
  const [, amount, unit] = /^(\d+)([mg])$/.exec(limit) ?? [];
  if (!amount)
    throw new TypeError(
      `docker-compose.yml: ${name}: mem_limit must be megabytes or gigabytes, such as 512m`,
    );
  return Number(amount) * (unit === 'g' ? 1024 : 1);
}
