import { Worker } from 'node:worker_threads';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Delivery, OtlpReceiverAddress } from './otlp-worker.ts';

/** `ExportResultCode` of @opentelemetry/core. */
export const exportResult = { success: 0, failed: 1 } as const;

/**
 * Sends spans to a collector (OTLP/HTTP, binary protobuf), from a thread of its own.
 *
 * V8 compiles a function for the kinds of objects that it has seen. An HTTP client that sends every few seconds shows another kind to those
 * functions of Node that the HTTP server answers with: each answer of the process took a seventh more, for good. A thread has its own
 * (docs/decisions/0087-traces-from-a-thread.md).
 */
export function createOtlpExporter(receiver: OtlpReceiverAddress): SpanExporter {
  let worker: Worker | undefined;
  let latest = 0;
  const waiting = new Map<number, (fault: string | undefined) => void>();
  const settle = (delivery: number, fault: string | undefined) => {
    waiting.get(delivery)?.(fault);
    waiting.delete(delivery);
  };
  const start = (): Worker => {
    const started = new Worker(new URL('./otlp-worker.ts', import.meta.url), {
      name: 'traces',
      workerData: receiver,
      stdin: false,
      resourceLimits: { maxOldGenerationSizeMb: 64 },
    });
    // Whatever ends it, the next spans start another one.
    const end = (fault: string) => {
      if (worker === started) worker = undefined;
      for (const delivery of waiting.keys()) settle(delivery, fault);
    };
    started.on('message', ({ id, fault }: Delivery) => settle(id, fault));
    started.on('error', ({ message }) => end(`the thread that sends traces has failed: ${message}`));
    started.on('exit', () => end('the thread that sends traces has ended'));
    started.unref();
    return started;
  };
  return {
    export(spans: ReadableSpan[], done) {
      latest += 1;
      waiting.set(latest, (fault) =>
        done(
          fault === undefined
            ? { code: exportResult.success }
            : { code: exportResult.failed, error: new Error(fault) },
        ),
      );
      worker ??= start();
      worker.postMessage({ id: latest, body: ProtobufTraceSerializer.serializeRequest(spans) });
    },
    shutdown: async () => void (await worker?.terminate()),
  };
}
