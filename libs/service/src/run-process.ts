import { ConfigError } from './config.ts';

type Stoppable = { stop(): Promise<void> };

/** Below the 10 s after which container engines kill: what is under way may take as long. */
const stopTimeoutMs = 9000;

/**
 * Runs a process from start to end: a fault of the configuration is one line a fault and exit 1; SIGTERM and SIGINT stop
 * it in order. A second signal changes nothing (a terminal's Ctrl-C reaches npm and node both), a stop that hangs is cut off.
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
