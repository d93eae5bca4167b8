/* The thread of otlp-exporter.ts. It imports nothing else of ours. */
import { parentPort, workerData } from 'node:worker_threads';
import { Agent, interceptors, request } from 'undici';

/** Where spans go. */
export type OtlpReceiverAddress = {
  url: string;
  headers: Readonly<Record<string, string>>;
  /** For one attempt: to connect, and then for the answer. */
  timeoutMs: number;
};

/** What became of an ExportTraceServiceRequest. `fault`: it was not taken. */
export type Delivery = { id: number; fault: string | undefined };

const { url, headers, timeoutMs } = workerData as OtlpReceiverAddress;
const agent = new Agent({ connections: 1, connect: { timeout: timeoutMs } });
// Few and soon: no signal ends the wait for the next one where there is no connection.
const repetitions = { maxRetries: 2, minTimeout: 250, maxTimeout: 2000 };
// OTLP specification, "Retryable Response Codes".
const dispatcher = agent.compose(
  interceptors.retry({
    ...repetitions,
    methods: ['POST'],
    statusCodes: [429, 502, 503, 504],
    throwOnError: false,
  }),
);

parentPort?.on('message', async ({ id, body }: { id: number; body: Uint8Array }) => {
  const fault = await send(body).catch((error: Error) => error.message || String(error));
  parentPort?.postMessage({ id, fault } satisfies Delivery);
});

async function send(body: Uint8Array): Promise<string | undefined> {
  const answer = await request(url, {
    method: 'POST',
    headers: { 'user-agent': 'signet', ...headers, 'content-type': 'application/x-protobuf' },
    body,
    dispatcher,
    signal: AbortSignal.timeout(timeoutMs),
  });
  await answer.body.dump();
  const { statusCode } = answer;
  return statusCode >= 200 && statusCode < 300 ? undefined : `the collector answered ${statusCode}`;
}
