import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export const root = join(import.meta.dirname, '..');

/** A folder of the host's that a container reads. */
export type Mount = {
  type: string;
  source: string;
  target: string;
  read_only: boolean;
  bind: { create_host_path: boolean };
};

export type Service = {
  image?: string;
  build?: { context: string; target: string; args?: { SUBGRAPH: string } };
  environment: Readonly<Record<string, string>>;
  command?: string[];
  user?: string;
  mem_limit?: string;
  memswap_limit?: string;
  read_only?: boolean;
  security_opt?: string[];
  cap_drop?: string[];
  secrets?: string[];
  volumes?: (string | Mount)[];
  ports?: string[];
  profiles?: string[];
  networks: string[];
  depends_on?: Record<string, { condition: string }>;
};
export type ComposeFile = {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean }>;
  secrets: Record<string, { file: string }>;
};

/** docker-compose.yml as an engine sees it. `variables` is what .env would hold; `tree` a checkout of another version. */
export function readComposeFile(
  variables: Readonly<Record<string, string>> = {},
  tree: string = root,
): ComposeFile {
  const text = readFileSync(join(tree, 'docker-compose.yml'), 'utf8');
  return interpolate(parse(text, { merge: true }), variables) as ComposeFile;
}

/** Names and defaults of the variables in docker-compose.yml: `${NAME:-default}`, the only form in use. */
export function readComposeVariables(): Record<string, string> {
  const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
  return Object.fromEntries([...text.matchAll(form)].map(([, name, fallback]) => [name, fallback]));
}

const form = /\$\{(\w+):-([^}]*)\}/g;

function interpolate(value: unknown, variables: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') {
    return value.replace(form, (_all, name: string, fallback: string) => variables[name] || fallback);
  }
  if (Array.isArray(value)) return value.map((item) => interpolate(item, variables));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, interpolate(item, variables)]));
}
