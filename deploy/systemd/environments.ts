import { join } from 'node:path';
import { type ComposedProcess, readComposedProcesses } from '../kubernetes/compose-processes.ts';

export type EnvironmentOptions = {
  /** The repository. */
  tree: string;
  /** The folder that make-secrets.mjs has written. */
  secrets: string;
  /** The operator's values, by the names of .env.example. */
  settings: Readonly<Record<string, string | undefined>>;
};

/** Metrics are this far above the port of the process. */
const metricsOffset = 5000;
/** Both issuers have one port in their containers; the second one gets this. */
const secondIssuerPort = 4021;

/**
 * The environment of every process on one machine without containers, from docker-compose.yml: the same variables, with addresses of loopback in
 * place of the names of containers, ports that differ, and the files of secrets where they are. By name of the process; `migrate` too.
 */
export function createEnvironments({
  tree,
  secrets,
  settings,
}: EnvironmentOptions): Map<string, Record<string, string>> {
  const processes = readComposedProcesses(tree);
  const ports = new Map<string, number>();
  for (const { name, port } of processes) {
    if (port !== undefined) ports.set(name, [...ports.values()].includes(port) ? secondIssuerPort : port);
  }
  const place = (process: ComposedProcess, text: string) =>
    text
      .replace(/^http:\/\/([a-z][a-z0-9-]*):\d+\//, (whole, host: string) =>
        ports.has(host) ? `http://127.0.0.1:${ports.get(host)}/` : whole,
      )
      .replace(/^\/run\/secrets\//, `${secrets}/`)
      .replace(/^\/run\/proof\/peers\//, `${secrets}/proof/peers/`)
      .replace(/^\/run\/proof\/key\//, `${secrets}/proof/${process.name}/`)
      .replace(/^\/run\/trusted-documents\//, `${join(tree, 'deploy/trusted-documents')}/`);
  const environmentOf = (process: ComposedProcess): Record<string, string> => {
    const port = ports.get(process.name);
    const variables = process.environment.map(([variable, value]) => [
      variable,
      'fixed' in value ? place(process, value.fixed) : (settings[value.setting] ?? value.default),
    ]);
    // On loopback, plain http needs no leave.
    const isNeeded = ([name, value]: string[]) => value !== '' && name !== 'JWKS_INSECURE';
    return {
      ...Object.fromEntries(variables.filter(isNeeded)),
      ...programOf(process, port),
      ...(port !== undefined && { METRICS_PORT: String(port + metricsOffset) }),
    };
  };
  return new Map(processes.map((process) => [process.name, environmentOf(process)]));
}

/** What the image of a process sets: see the Dockerfile. SIGNET_MAIN is for the unit. */
function programOf(
  { kind, image, entrance }: ComposedProcess,
  port: number | undefined,
): Record<string, string> {
  const shared = { NODE_ENV: 'production', HOST: '127.0.0.1' };
  if (kind === 'migration') return { NODE_ENV: 'production', SIGNET_MAIN: 'deploy/prepare-database.ts' };
  if (kind === 'gateway') {
    return {
      ...shared,
      SIGNET_MAIN: 'gateway/main.mjs',
      NODE_OPTIONS: '--max-old-space-size=384',
      [`${entrance?.toUpperCase()}_PORT`]: String(port),
    };
  }
  return {
    ...shared,
    SIGNET_MAIN: 'subgraphs/main.ts',
    NODE_OPTIONS: '--max-old-space-size=256',
    SUBGRAPH: image,
    PORT: String(port),
  };
}

/** A file for `EnvironmentFile=` of systemd. */
export function formatEnvironment(environment: Readonly<Record<string, string>>): string {
  return Object.entries(environment)
    .map(([name, value]) => `${name}="${value.replace(/["\\]/g, '\\$&')}"\n`)
    .join('');
}
