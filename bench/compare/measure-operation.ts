import { isDeepStrictEqual } from 'node:util';
import type { LoadOrder } from './load.ts';
import type { LoadClient } from './load-client.ts';
import type { BenchOperation } from './operations.ts';
import { readProcessTree, readThreadSeconds } from './process-cpu.ts';
import { type Results, type Sample, summarize, toSample } from './results.ts';

/** A contender that is running. */
export type Running = {
  name: string;
  port: number;
  path: string;
  /** The processes whose CPU and memory count, each with all that it starts. */
  pids: readonly number[];
  /** Leaves the bearer token out. */
  isOpen?: boolean;
};

export type Rounds = {
  count: number;
  seconds: number;
  warmUpSeconds: number;
  connections: number;
  /**
   * Requests of a round and of the warm-up, where they end these earlier: on a busy machine a second is no measure of how warm a process is.
   * The rounds may be short then: CPU is that of the threads, of contenders that start no other process.
   */
  requests?: { round: number; warmUp: number };
};

type Ask = Pick<LoadOrder, 'requests' | 'answers'>;

/**
 * Puts each contender under load for one operation, one after the other, in every round, with the tokens in turn. All must give the same
 * answers as the first, which the ratios are to; each answer under load must be the very bytes that the contender gave before.
 *
 * @throws {Error} for a wrong answer
 */
export async function measureOperation(
  operation: BenchOperation,
  contenders: readonly Running[],
  { tokens, client, rounds }: { tokens: readonly string[]; client: LoadClient; rounds: Rounds },
): Promise<Results[string]> {
  const samples = await sampleRounds(operation, contenders, { tokens, client, rounds });
  return summarize(samples, contenders[0]?.name ?? '');
}

/** The same, with every sample: by contender, one for each round. */
export async function sampleRounds(
  operation: BenchOperation,
  contenders: readonly Running[],
  { tokens, client, rounds }: { tokens: readonly string[]; client: LoadClient; rounds: Rounds },
): Promise<ReadonlyMap<string, readonly Sample[]>> {
  const asks = new Map<string, Ask>();
  let truth: unknown[] | undefined;
  for (const contender of contenders) {
    const asked = await askOnce(operation, contender, tokens);
    const data = asked.answers.map((text) => JSON.parse(text));
    truth ??= data;
    if (!isDeepStrictEqual(truth, data)) {
      throw new Error(`${contender.name} answers ${operation.name} with ${asked.answers[0]?.slice(0, 1000)}`);
    }
    asks.set(contender.name, asked);
  }
  const load = async (contender: Running, seconds: number, count?: number): Promise<Sample> => {
    const { port, path, name, pids } = contender;
    const cpuOf = () => (rounds.requests ? sumOf(pids, readThreadSeconds) : useOf(pids).cpuSeconds);
    const before = cpuOf();
    const order = asks.get(name) as Ask;
    const result = await client.run({
      port,
      path,
      ...order,
      connections: rounds.connections,
      seconds,
      count,
    });
    if (result.wrong > 0) {
      throw new Error(
        `${name}: ${result.wrong} wrong answers to ${operation.name}, one of them ${result.example}`,
      );
    }
    return toSample(result, cpuOf() - before, useOf(pids).residentMb);
  };
  for (const contender of contenders) await load(contender, rounds.warmUpSeconds, rounds.requests?.warmUp);
  const samples = new Map(contenders.map(({ name }) => [name, [] as Sample[]]));
  for (let round = 0; round < rounds.count; round += 1) {
    for (const contender of contenders) {
      samples.get(contender.name)?.push(await load(contender, rounds.seconds, rounds.requests?.round));
    }
  }
  return samples;
}

function useOf(pids: readonly number[]) {
  const all = pids.map(readProcessTree);
  return {
    cpuSeconds: sumOf(all, (use) => use.cpuSeconds),
    residentMb: sumOf(all, (use) => use.residentMb),
  };
}

function sumOf<T>(values: readonly T[], read: (value: T) => number): number {
  return values.reduce((total, value) => total + read(value), 0);
}

/** Callers that are asked for beforehand. Where all get the same answer, everybody does: under load, each answer is compared. */
const askedFirst = 10;

async function askOnce(
  { query }: BenchOperation,
  contender: Running,
  tokens: readonly string[],
): Promise<Ask> {
  const body = JSON.stringify({ query });
  const answers: string[] = [];
  const requests: Ask['requests'] = [];
  for (const token of contender.isOpen ? tokens.slice(0, 1) : tokens) {
    const headers = contender.isOpen ? {} : { authorization: `Bearer ${token}` };
    const isKnown = requests.length >= askedFirst && answers.length === 1;
    const text = isKnown ? (answers[0] as string) : await ask(contender, headers, body);
    if (!answers.includes(text)) answers.push(text);
    requests.push({ headers, body, answer: answers.indexOf(text) });
  }
  return { answers, requests };
}

async function ask({ port, path }: Running, headers: Record<string, string>, body: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
    body,
  });
  return answer.text();
}
