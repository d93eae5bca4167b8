import type { TracingConfig } from './tracing-config.ts';

export { readTraceContext } from './trace-context.ts';
export { type TracingConfig, tracingConfigFields, tracingOff } from './tracing-config.ts';

/**
 * What a process traces its requests with. Where OTEL_EXPORTER_OTLP_ENDPOINT is not set there is none, nothing of OpenTelemetry is
 * loaded, and all that is left of tracing is the check for `undefined`.
 *
 * Spans are passed on as values: no global provider, no context manager. `@apollo/gateway` calls a global tracer at each operation, and
 * finds none.
 */
export type Tracing = {
  /** Begins the span of a request. Whether it is recorded is decided here, for all that follows from it. */
  startRequest(incoming: IncomingTrace, attributes?: Attributes): Span;
  /**
   * Begins a span of the process's own work: of a trace of its own, or where a request asked for the work, of that one, whose
   * `traceparent` was kept with it.
   */
  startWork(name: string, attributes?: Attributes, traceparent?: string): Span;
  /** Sends what is waiting, for a limited time. */
  stop(): Promise<void>;
};

export type IncomingTrace = {
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /**
   * Whether the sender's sampling decision holds: a gateway that proved itself, or a proxy of TRUSTED_PROXIES. A stranger's trace goes on
   * under its id, but nobody outside makes us record.
   */
  isTrusted: boolean;
};

export type AttributeValue = string | number | boolean;
export type Attributes = Readonly<Record<string, AttributeValue>>;
export type SpanKind = 'server' | 'client' | 'internal';

/** One piece of work. Its methods do nothing on one that is not recorded. Attributes never hold values that a client or a row has. */
export type Span = {
  readonly traceId: string;
  /** False: nothing is exported. The ids go on, so that logs of several processes can be joined. */
  readonly isRecorded: boolean;
  /** The header with which another process continues from here. */
  readonly traceparent: string;
  readonly tracestate: string | undefined;
  child(name: string, kind: SpanKind, attributes?: Attributes): Span;
  set(name: string, value: AttributeValue): void;
  rename(name: string): void;
  /** `type`: a word of low cardinality, such as an error code (`error.type`). */
  fail(type: string): void;
  end(): void;
};

export type TracingOptions = {
  /** Default of OTEL_SERVICE_NAME. */
  serviceName: string;
  log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
  /** How long one request to the collector may take, with its repetitions. */
  exportTimeoutMs?: number;
};

/** Undefined where the configuration names no endpoint. */
export async function openTracing(
  config: TracingConfig,
  options: TracingOptions,
): Promise<Tracing | undefined> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SDK_DISABLED: isDisabled } = config;
  if (endpoint === undefined || isDisabled) return undefined;
  const { startExportedTracing } = await import('./exported-tracing.ts');
  return startExportedTracing({ ...config, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }, options);
}

/** The headers with which another process continues: name, value, name, value. */
export function traceHeaders({ traceparent, tracestate }: Span): string[] {
  return tracestate === undefined
    ? ['traceparent', traceparent]
    : ['traceparent', traceparent, 'tracestate', tracestate];
}

/**
 * Sends an HTTP request in a span of its own, where there is a parent. `send` gets the header with which the other side continues. It
 * gets no `tracestate`: that is for our own processes.
 */
export async function inFetchSpan<T extends { status: number }>(
  parent: Pick<Span, 'child'> | undefined,
  { name, method, url }: { name: string; method: string; url: string },
  send: (headers: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T> {
  if (!parent) return send({});
  const { hostname, pathname } = new URL(url);
  const span = parent.child(`${method} ${name}`, 'client', {
    'http.request.method': method,
    'server.address': hostname,
    'url.path': pathname,
  });
  try {
    const answer = await send({ traceparent: span.traceparent });
    span.set('http.response.status_code', answer.status);
    if (answer.status >= 400) span.fail(String(answer.status));
    return answer;
  } catch (error) {
    span.fail(error instanceof Error ? error.name : 'error');
    throw error;
  } finally {
    span.end();
  }
}

/** Runs `work` in a span of its own, where there is a parent. */
export async function inSpan<T>(
  parent: Pick<Span, 'child'> | undefined,
  name: string,
  work: () => Promise<T>,
  kind: SpanKind = 'internal',
): Promise<T> {
  if (!parent) return work();
  const span = parent.child(name, kind);
  try {
    return await work();
  } catch (error) {
    span.fail(error instanceof Error ? error.name : 'error');
    throw error;
  } finally {
    span.end();
  }
}
