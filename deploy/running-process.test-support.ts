import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from './compose-file.test-support.ts';
import { type Process, portOf } from './services.test-support.ts';

export type Ended = { code: number | null; seconds: number; output: string };

/** A process with the environment given, and no variable beside but the one by which Node finds compiled modules. */
export class RunningProcess {
  readonly name: string;
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  #output = '';

  constructor(
    name: string,
    [, ...args]: string[],
    environment: Record<string, string>,
    folder: string = root,
  ) {
    this.name = name;
    this.url = `http://127.0.0.1:${portOf(environment)}`;
    this.#child = spawn(process.execPath, args, {
      cwd: folder,
      env: { ...environment, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE },
      stdio: 'pipe',
    });
    const collect = (chunk: Buffer) => {
      this.#output += chunk.toString();
    };
    this.#child.stdin?.on('error', () => {}); // It has ended, and reads nothing more.
    this.#child.stdout?.on('data', collect);
    this.#child.stderr?.on('data', collect);
    this.#ended = new Promise((resolve) => this.#child.on('close', resolve));
  }

  /** `folder`: a checkout of another version. */
  static of({ name, command, environment }: Process, folder?: string): RunningProcess {
    return new RunningProcess(name, command, environment, folder);
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** What it has printed so far. */
  get output(): string {
    return this.#output;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves once /health/ready says yes; throws with what the process printed when it ends or takes too long. */
  async waitUntilReady(timeoutSeconds = 200): Promise<void> {
    const deadline = Date.now() + timeoutSeconds * 1000;
    let answer = 'no answer';
    while (Date.now() < deadline && this.isRunning) {
      const response = await fetch(`${this.url}/health/ready`).catch(() => undefined);
      if (response?.ok) return;
      if (response) answer = await response.text();
      await sleep(100);
    }
    throw new Error(`${this.name} is not ready (${answer}):\n${this.#output}`);
  }

  /** Sends what it reads on standard input, and waits for its end. */
  async finish(input = ''): Promise<Ended> {
    const startedAt = performance.now();
    this.#child.stdin?.end(input);
    const code = await this.#ended;
    return { code, seconds: (performance.now() - startedAt) / 1000, output: this.#output };
  }

  /** As an engine does it: SIGTERM, then wait. */
  stop(): Promise<Ended> {
    this.#child.kill('SIGTERM');
    return this.finish();
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
