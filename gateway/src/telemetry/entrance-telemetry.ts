import { type Logger, type RequestFollower, refusalLabels } from '@signet/service';
import { type BoundedLabel, boundedLabel, type ServiceMetrics } from '@signet/telemetry';
import type { Tracing } from '@signet/telemetry/tracing';
import { shortages } from '../admission/admission-log.ts';
import type { ProxyCheck } from '../admission/client-address.ts';
import { createRequestNaming } from './given-request-ids.ts';
import { createRequestLog, type LoggedRequests } from './request-log.ts';
import { beginRequestSpan, endRequestSpan } from './request-span.ts';
import { keepTelemetry, type Outcome, RequestTelemetry, telemetryOf } from './request-telemetry.ts';

export type EntranceTelemetryOptions = {
  entrance: string;
  isTrustedProxy: ProxyCheck;
  logger: Logger;
  /** Which requests have a line in the log. */
  logged: LoggedRequests;
  /** Undefined: nobody scrapes. */
  metrics: ServiceMetrics | undefined;
  /** Undefined: nothing is traced. */
  tracing?: Tracing | undefined;
  /** Called at the end of each request. */
  onEnd?: ((request: RequestTelemetry) => void) | undefined;
  /** Called for errors that the HTTP server answers with by itself. */
  onRefused?: RequestFollower['refused'] | undefined;
};

/** Names each request of an entrance, and follows it where anything is configured that wants to know of it. */
export type EntranceTelemetry = {
  follower: RequestFollower;
  /** Names of operations that have a series of their own whatever else is sent. */
  expect(names: Iterable<string>): void;
  stop(): void;
};

export function createEntranceTelemetry(options: EntranceTelemetryOptions): EntranceTelemetry {
  const { entrance, isTrustedProxy, metrics, tracing, onEnd, onRefused } = options;
  const log = createRequestLog(options.logger, options.logged);
  const measure = metrics && createRequestMetrics(entrance, metrics);
  const sinks = [measure?.end, log, tracing && endRequestSpan, onEnd].filter((sink) => sink !== undefined);
  const idOf = createRequestNaming(options);
  return {
    follower: {
      begin(request, response) {
        const id = idOf(request);
        if (sinks.length === 0) return id;
        // Probes come every second, and are nobody's request.
        if (request.url?.startsWith('/health/')) return id;
        const telemetry = new RequestTelemetry(id, entrance, request);
        keepTelemetry(request, telemetry);
        measure?.begin();
        if (tracing) {
          telemetry.span = beginRequestSpan(tracing, request, isTrustedProxy);
        }
        response.on('close', () => {
          telemetry.ended(response.statusCode, response.writableFinished);
          for (const end of sinks) end(telemetry);
        });
        return id;
      },
      refused(request, errors, status) {
        telemetryOf(request)?.answered(errors, false);
        onRefused?.(request, errors, status);
      },
      traceIdOf: (request) => telemetryOf(request)?.span?.traceId,
    },
    expect: (names) => measure?.expect(names),
    stop: () => measure?.stop(),
  };
}

const mostNames = 200;
const outcomes: readonly Outcome[] = ['ok', 'partial', 'refused', 'failed', 'left'];
const limitPrefix = 'request.limit.';
/** A budget of the entrance has the same name as a limit of documents, and an alert: `operations`. */
const budgets: ReadonlySet<string> = new Set(shortages);
const limitOf = (name: string) => (budgets.has(name) ? `document_${name}` : name);

/** Counts the requests of an entrance. Every series is looked for once, and each label has a bounded number of values. */
function createRequestMetrics(entrance: string, metrics: ServiceMetrics) {
  let inFlight = 0;
  const stopSampling = metrics.sample('signet_requests_in_flight', () => [
    { labels: [entrance], value: inFlight },
  ]);
  const requests = new Map(
    outcomes.map((outcome) => [outcome, metrics.counter('signet_requests_total', entrance, outcome)]),
  );
  let nameOf: BoundedLabel = boundedLabel(mostNames);
  const durationOf = (operation: string) =>
    metrics.histogram('signet_request_duration_seconds', entrance, operation);
  // By the name alone: the usual request builds no text to find its series.
  const durations = new Map<string, ReturnType<typeof durationOf>>();
  const observe = (name: string, seconds: number) => {
    let series = durations.get(name);
    if (!series) {
      const label = nameOf(name);
      series = durationOf(label);
      if (label === name) durations.set(name, series);
    }
    series.observe(seconds);
  };
  const countRefusal = (refusal: string) => {
    const [code, reason] = refusalLabels(...(refusal.split(' ', 2) as [string, string]));
    metrics.counter('signet_refusals_total', entrance, code, reason).inc();
    if (reason.startsWith(limitPrefix))
      metrics
        .counter('signet_limit_refusals_total', entrance, limitOf(reason.slice(limitPrefix.length)))
        .inc();
  };
  const plans = {
    hit: metrics.counter('signet_plan_cache_total', entrance, 'hit'),
    text: metrics.counter('signet_plan_cache_total', entrance, 'text'),
    miss: metrics.counter('signet_plan_cache_total', entrance, 'miss'),
    refused: metrics.counter('signet_plan_cache_total', entrance, 'refused'),
  };
  const planning = metrics.histogram('signet_plan_duration_seconds', entrance);
  return {
    begin() {
      inFlight += 1;
    },
    end(request: RequestTelemetry) {
      inFlight -= 1;
      requests.get(request.outcome ?? 'ok')?.inc();
      if (request.kind === 'graphql') observe(request.operation?.name ?? '-', request.durationMs / 1000);
      else if (request.kind === 'oauth') observe(request.route ?? '-', request.durationMs / 1000);
      if (request.plan) plans[request.plan].inc();
      if (request.plan === 'miss' && request.planMs !== undefined) planning.observe(request.planMs / 1000);
      if (request.refusals) for (const refusal of request.refusals) countRefusal(refusal);
    },
    expect(names: Iterable<string>) {
      nameOf = boundedLabel(mostNames, [...names, ...durations.keys()]);
    },
    stop: stopSampling,
  };
}
