/** What every part may load: no module of a telemetry library. `./metrics` has those of Prometheus. */
export { type BoundedLabel, boundedLabel, otherValue } from './bounded-label.ts';
export {
  type CounterName,
  catalogue,
  type GaugeName,
  type HistogramName,
  type LabelValues,
  type MetricDefinition,
  type MetricName,
} from './catalogue.ts';
export type {
  CountOne,
  Metrics,
  MetricsOptions,
  ObserveOne,
  Sample,
  ServiceMetrics,
} from './metrics.ts';
export { type MetricLine, type MetricsText, readMetrics } from './read-metrics.ts';
