import { randomFillSync } from 'node:crypto';
import {
  type Context,
  type Span as OtelSpan,
  type SpanKind as OtelSpanKind,
  ROOT_CONTEXT,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOnSampler, BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { createExportWatch, type ExportWatch } from './export-watch.ts';
import { createOtlpExporter } from './otlp-exporter.ts';
import { formatTraceparent, type RemoteSpan, readTraceContext } from './trace-context.ts';
import type {
  Attributes,
  AttributeValue,
  Span,
  SpanKind,
  Tracing,
  TracingConfig,
  TracingOptions,
} from './tracing.ts';

/** Finished spans that wait to be sent, some 2 KB each. More are dropped. */
const maxQueued = 2048;
const maxBatch = 512;
/** A stop waits no longer for the collector. */
const stopTimeoutMs = 1500;
const maxAttributeLength = 2048;

const kinds: Readonly<Record<SpanKind, OtelSpanKind>> = { internal: 0, server: 1, client: 2 };

/** Traces with OpenTelemetry's SDK. Only `openTracing` imports this file. */
export function startExportedTracing(
  config: TracingConfig & { OTEL_EXPORTER_OTLP_ENDPOINT: string },
  { serviceName, log, exportTimeoutMs = 5000 }: TracingOptions,
): Tracing {
  const url = tracesUrlOf(config.OTEL_EXPORTER_OTLP_ENDPOINT);
  const exporter = createOtlpExporter({
    url,
    headers: config.OTEL_EXPORTER_OTLP_HEADERS ?? {},
    timeoutMs: exportTimeoutMs,
  });
  const watch = createExportWatch({
    exporter,
    endpoint: new URL(url).origin,
    maxQueued,
    log,
  });
  const processor = new BatchSpanProcessor({
    exporter: watch.exporter,
    maxQueueSize: maxQueued,
    maxExportBatchSize: maxBatch,
    scheduledDelayMillis: config.OTEL_BSP_SCHEDULE_DELAY,
    exportTimeoutMillis: 2 * exportTimeoutMs,
  });
  const provider = new TracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({
        ...config.OTEL_RESOURCE_ATTRIBUTES,
        'service.name': config.OTEL_SERVICE_NAME ?? serviceName,
      }),
    ),
    // What is not to be recorded gets no span of the SDK at all.
    sampler: new AlwaysOnSampler(),
    spanLimits: { attributeValueLengthLimit: maxAttributeLength },
    spanProcessors: [processor],
  });
  const recorder: Recorder = { tracer: provider.getTracer('signet'), watch };
  const isSampled = createSampler(config);
  const start = (
    name: string,
    kind: SpanKind,
    parent: RemoteSpan | undefined,
    isRecorded: boolean,
    attributes: Attributes,
  ) => {
    if (!isRecorded) return new UnrecordedSpan(parent);
    return new RecordedSpan(recorder, name, kind, contextOf(parent), parent?.tracestate, attributes);
  };
  return {
    startRequest({ headers, isTrusted }, attributes = {}) {
      const sent = readTraceContext(headers);
      // A stranger's tracestate would be free text in our traces.
      const parent = sent && !isTrusted ? { ...sent, tracestate: undefined } : sent;
      return start('request', 'server', parent, isSampled(isTrusted ? parent : undefined), attributes);
    },
    startWork(name, attributes = {}, traceparent) {
      const parent = readTraceContext({ traceparent });
      return start(name, 'internal', parent, isSampled(parent), attributes);
    },
    async stop() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, stopTimeoutMs);
      });
      await Promise.race([provider.shutdown().catch(() => {}), late]);
      clearTimeout(timer);
      await exporter.shutdown();
    },
  };
}

function tracesUrlOf(endpoint: string): string {
  return new URL('v1/traces', endpoint.endsWith('/') ? endpoint : `${endpoint}/`).href;
}

/**
 * Decides by the parent where that counts, else by chance. Not by the trace id: whoever chooses an id would choose that it is
 * recorded.
 */
function createSampler({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: ratio }: TracingConfig) {
  const isParentBased = name.startsWith('parentbased_');
  const share = name.endsWith('always_on') ? 1 : name.endsWith('always_off') ? 0 : ratio;
  return (parent: RemoteSpan | undefined): boolean =>
    isParentBased && parent ? parent.isSampled : Math.random() < share;
}

function contextOf(parent: RemoteSpan | undefined): Context {
  if (!parent) return ROOT_CONTEXT;
  const { traceId, spanId } = parent;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: 1, isRemote: true });
}

type Recorder = { tracer: Tracer; watch: ExportWatch };

class RecordedSpan implements Span {
  readonly isRecorded = true;
  readonly tracestate: string | undefined;
  readonly #recorder: Recorder;
  readonly #span: OtelSpan;
  #context: Context | undefined;

  constructor(
    recorder: Recorder,
    name: string,
    kind: SpanKind,
    parent: Context,
    tracestate: string | undefined,
    attributes: Attributes,
  ) {
    this.#recorder = recorder;
    this.tracestate = tracestate;
    this.#span = recorder.tracer.startSpan(name, { kind: kinds[kind], attributes }, parent);
  }

  get traceId(): string {
    return this.#span.spanContext().traceId;
  }

  get traceparent(): string {
    const { traceId, spanId } = this.#span.spanContext();
    return formatTraceparent(traceId, spanId, true);
  }

  child(name: string, kind: SpanKind, attributes: Attributes = {}): Span {
    this.#context ??= trace.setSpan(ROOT_CONTEXT, this.#span);
    return new RecordedSpan(this.#recorder, name, kind, this.#context, this.tracestate, attributes);
  }

  set(name: string, value: AttributeValue): void {
    this.#span.setAttribute(name, value);
  }

  rename(name: string): void {
    this.#span.updateName(name);
  }

  fail(type: string): void {
    this.#span.setStatus({ code: 2 }).setAttribute('error.type', type);
  }

  end(): void {
    // The SDK would drop it as well, and say nothing.
    if (this.#recorder.watch.takes()) this.#span.end();
  }
}

const pooledIds = 128;
const idLength = 32;
const pool = Buffer.alloc((pooledIds * idLength) / 2);
let digits = '';
let nextId = 0;

/** A random id. Many are made at once: a call into OpenSSL for each takes longer than all else that is done for a trace that is not recorded. */
function createTraceId(): string {
  if (nextId >= digits.length) {
    digits = randomFillSync(pool).toString('hex');
    nextId = 0;
  }
  nextId += idLength;
  return digits.slice(nextId - idLength, nextId);
}

/** A span of a trace that is not recorded. What follows from it has the same ids. */
class UnrecordedSpan implements Span {
  readonly isRecorded = false;
  readonly tracestate: string | undefined;
  readonly #parent: RemoteSpan | undefined;
  #traceId: string | undefined;
  #traceparent: string | undefined;

  constructor(parent: RemoteSpan | undefined) {
    this.#parent = parent;
    this.tracestate = parent?.tracestate;
  }

  get traceId(): string {
    this.#traceId ??= this.#parent?.traceId ?? createTraceId();
    return this.#traceId;
  }

  get traceparent(): string {
    // It has no span of its own that a later one could name as its parent.
    this.#traceparent ??= formatTraceparent(
      this.traceId,
      this.#parent?.spanId ?? this.traceId.slice(16),
      false,
    );
    return this.#traceparent;
  }

  child(): Span {
    return this;
  }

  set(): void {}
  rename(): void {}
  fail(): void {}
  end(): void {}
}
