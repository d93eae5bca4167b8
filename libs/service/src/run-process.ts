import type { FastifyInstance } from 'fastify';
import { ConfigError } from './config.ts';

type Stoppable = { stop(): Promise<void> };

/** How long requests under way may take at a stop. Below the 10 s after which container engines kill. */
const stopTimeoutMs = 9000;

/**
 * Runs a process from start to end. Faults of the configuration print a line each and exit 1. SIGTERM and SIGINT stop the
 * process in order. A second signal changes nothing (a terminal's Ctrl-C reaches both npm and node); a stop that hangs ends
 * after 9 s with exit 1.
 */
export async function runProcess(start: () => Promise<Stoppable>): Promise<void> {
  let running: Stoppable | undefined;
  let isStopping = false;
  const stop = async () => {
    if (isStopping) {
      return;
    }
    isStopping = true;
    setTimeout(() => process.exit(1), stopTimeoutMs).unref();
    try {
      await running?.stop();
      process.exit(0);
    } catch (error) {
      console.error(describeFailure(error));
      process.exit(1);
    }
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  try {
    running = await start();
  } catch (error) {
    console.error(describeFailure(error));
    process.exit(1);
  }
}

function describeFailure(error: unknown): string {
  if (error instanceof ConfigError) {
    return error.message;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** A process, or a part of the launcher, that serves HTTP. `stop` finishes the requests under way, then closes. */
export type RunningServer = { url: string; stop(): Promise<void> };

type ListenOptions = {
  host: string;
  port: number;
  /** The variable that the error names if the port is not available. */
  portVariable?: string;
};

/**
 * Starts listening; closes the server when that fails.
 *
 * @returns the base URL. Its port is the given one, or the one that the system chose for port 0.
 * @throws {ConfigError} when the port is taken or the address is not this machine's, naming the variable to change.
 */
export async function listen(server: FastifyInstance, options: ListenOptions): Promise<string> {
  const { host, port } = options;
  try {
    await server.listen({ host, port });
  } catch (error) {
    await server.close();
    throw describeListenError(error as NodeJS.ErrnoException, options);
  }
  const address = server.server.address();
  const boundPort = typeof address === 'object' && address ? address.port : port;
  return `http://${urlHostOf(host)}:${boundPort}`;
}

/** Clients can't call the address that means all interfaces; an IPv6 address stands in brackets (RFC 3986, section 3.2.2). */
function urlHostOf(host: string): string {
  if (host === '0.0.0.0' || host === '::') {
    return 'localhost';
  }
  return host.includes(':') ? `[${host}]` : host;
}

function describeListenError(
  error: NodeJS.ErrnoException,
  { host, port, portVariable = 'PORT' }: ListenOptions,
): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new ConfigError([
        `${portVariable}: port ${port} on ${host} is in use; choose another or stop what listens there`,
      ]);
    case 'EACCES':
      return new ConfigError([
        `${portVariable}: this account may not listen on port ${port}; choose one above 1023`,
      ]);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ConfigError([`HOST: ${host} is not an address of this machine`]);
    default:
      return error;
  }
}
