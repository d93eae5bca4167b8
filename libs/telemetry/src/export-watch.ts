import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { exportResult } from './otlp-exporter.ts';
import type { TracingOptions } from './tracing.ts';

type ExportCallback = Parameters<SpanExporter['export']>[1];

export type ExportWatch = {
  /** For the SDK. It reports no failure to it, which the SDK would only hand to a global handler. */
  exporter: SpanExporter;
  /** Whether a span that ends now still finds a place in the queue. */
  takes(): boolean;
};

export type ExportWatchOptions = {
  exporter: SpanExporter;
  /** For the log: without path and credentials. */
  endpoint: string;
  maxQueued: number;
  log: TracingOptions['log'];
};

/** Logs once when spans cannot be sent, and once when they can again, with the number of those that were lost. */
export function createExportWatch({ exporter, endpoint, maxQueued, log }: ExportWatchOptions): ExportWatch {
  let queued = 0;
  let lost = 0;
  let isFailing = false;
  const lose = (spans: number, error?: Error) => {
    lost += spans;
    if (isFailing) return;
    isFailing = true;
    log.warn(
      { endpoint, ...(error && { err: error }) },
      'traces cannot be sent to OTEL_EXPORTER_OTLP_ENDPOINT: spans are dropped until they can, requests are served as before',
    );
  };
  return {
    exporter: {
      export(spans: ReadableSpan[], done: ExportCallback) {
        queued -= spans.length;
        exporter.export(spans, ({ code, error }) => {
          if (code !== exportResult.success) lose(spans.length, error);
          else if (isFailing) {
            log.info({ endpoint, lost }, 'traces are sent again');
            isFailing = false;
            lost = 0;
          }
          done({ code: exportResult.success });
        });
      },
      forceFlush: async () => exporter.forceFlush?.(),
      shutdown: () => exporter.shutdown(),
    },
    takes() {
      if (queued >= maxQueued) {
        lose(1);
        return false;
      }
      queued += 1;
      return true;
    },
  };
}
