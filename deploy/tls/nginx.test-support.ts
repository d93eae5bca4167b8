import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Certificate } from './certificates.test-support.ts';

export type Nginx = {
  /** The port with TLS, and the one without. */
  port: number;
  plainPort: number;
  /**
   * Puts other certificates in place and lets nginx read them, as an operator does after a renewal. Resolves when the worker has ended that
   * had the old ones: it takes connections until then.
   */
  renew(certificate: Certificate): Promise<void>;
  /** What it has logged, requests and faults. */
  log(): string;
  stop(): Promise<void>;
};

const address = '127.0.0.1';
export const configPath = join(import.meta.dirname, 'signet.conf');

/**
 * A real nginx with deploy/tls/signet.conf, as an ordinary process: other ports, other places of certificates, other gateways, and nothing
 * else changed. Throws, saying what to install, when there is none.
 */
export async function startNginx(
  gateways: { user: number; portal: number },
  certificate: Certificate,
): Promise<Nginx> {
  const program = findNginx();
  const folder = mkdtempSync(join(tmpdir(), 'signet-nginx-'));
  chmodSync(folder, 0o755);
  const [port, plainPort] = (await findPorts(2)) as [number, number];
  const config = place(readFileSync(configPath, 'utf8'), [
    [/listen 443 /g, `listen ${address}:${port} `],
    [/listen 80( default_server)?;/g, `listen ${address}:${plainPort}$1;`],
    [/\/etc\/ssl\/signet\//g, `${folder}/`],
    [/\/var\/log\/nginx\/signet\.log/g, `${folder}/access.log`],
    [/server 127\.0\.0\.1:4001;/g, `server ${address}:${gateways.user};`],
    [/server 127\.0\.0\.1:4002;/g, `server ${address}:${gateways.portal};`],
  ]);
  writeCertificate(folder, certificate);
  writeFileSync(join(folder, 'signet.conf'), config);
  writeFileSync(join(folder, 'nginx.conf'), mainConfig(folder));
  const child = spawn(program, ['-p', folder, '-c', join(folder, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  await waitUntilOpen(port, child, () => errors);
  return {
    port,
    plainPort,
    async renew(next) {
      const ended = countEnded(errors);
      writeCertificate(folder, next);
      child.kill('SIGHUP');
      const deadline = Date.now() + 30_000;
      while (countEnded(errors) === ended) {
        if (Date.now() > deadline) throw new Error(`nginx goes on with the old certificate:\n${errors}`);
        await sleep(20);
      }
    },
    log: () => errors + readFileSync(join(folder, 'access.log'), 'utf8'),
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function countEnded(errors: string): number {
  return errors.match(/worker process \d+ exited with code 0/g)?.length ?? 0;
}

function findNginx(): string {
  for (const program of [process.env.NGINX_PATH, 'nginx', '/usr/sbin/nginx']) {
    if (!program) continue;
    try {
      execFileSync(program, ['-v'], { stdio: 'ignore' });
      return program;
    } catch {
      // The next one.
    }
  }
  throw new Error(
    'There is no nginx. Install one (Debian: apt-get install nginx-light), or set NGINX_PATH to its program.',
  );
}

/** What a distribution's nginx.conf has around our file. */
function mainConfig(folder: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  return `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log stderr notice; ${user}
events { worker_connections 256; }
http {
  access_log ${folder}/other.log;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  include ${folder}/signet.conf;
}
`;
}

/** Replaces each of the patterns; one that is not there would leave the example untested. */
function place(text: string, replacements: [RegExp, string][]): string {
  return replacements.reduce((changed, [pattern, replacement]) => {
    if (changed.search(pattern) < 0) throw new Error(`deploy/tls/signet.conf has no ${pattern}`);
    return changed.replace(pattern, replacement);
  }, text);
}

function writeCertificate(folder: string, { certificate, key }: Certificate): void {
  mkdirSync(folder, { recursive: true });
  for (const name of ['api', 'staff']) {
    writeFileSync(join(folder, `${name}.pem`), certificate);
    writeFileSync(join(folder, `${name}.key`), key, { mode: 0o600 });
  }
}

async function findPorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, address));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

async function waitUntilOpen(port: number, child: ChildProcess, errors: () => string): Promise<void> {
  const { connect } = await import('node:net');
  const deadline = Date.now() + 20_000;
  while (Date.now() < deadline && child.exitCode === null) {
    const socket = connect(port, address);
    const isOpen = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isOpen) return;
    await sleep(50);
  }
  child.kill('SIGKILL');
  throw new Error(`nginx did not open port ${port}:\n${errors()}`);
}
