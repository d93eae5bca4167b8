import { collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client';
import {
  type CounterName,
  catalogue,
  type GaugeName,
  type HistogramName,
  type LabelValues,
  type MetricDefinition,
  type MetricName,
} from './catalogue.ts';
import { CountedSeries, ObservedSeries, type SeriesLine } from './series.ts';

/** One series of a counter. */
export type CountOne = Pick<CountedSeries, 'inc'>;
/** One series of a histogram. */
export type ObserveOne = Pick<ObservedSeries, 'observe'>;
/** A value at the time of a scrape, and the values of its labels in the order of the catalogue. */
export type Sample<N extends GaugeName> = { labels: LabelValues<N>; value: number };

/** The metrics of one service. Ask for a series once, and keep it: that costs a request no look-up of names. */
export type ServiceMetrics = {
  counter<N extends CounterName>(name: N, ...labels: LabelValues<N>): CountOne;
  histogram<N extends HistogramName>(name: N, ...labels: LabelValues<N>): ObserveOne;
  /**
   * Asks for the values of a gauge at each scrape. What throws or takes longer than a second has no value at this scrape.
   *
   * @returns a function that ends it. The series are gone then.
   */
  sample<N extends GaugeName>(
    name: N,
    read: () => Iterable<Sample<N>> | Promise<Iterable<Sample<N>>>,
  ): () => void;
};

/** All metrics of a process. */
export type Metrics = {
  of(service: string): ServiceMetrics;
  /** In Prometheus' text format. */
  text(): Promise<string>;
  readonly contentType: string;
};

export type MetricsOptions = {
  version: string;
  /** Whether the metrics of the process and of Node are there too. Default: yes. They watch the garbage collector. */
  ofProcess?: boolean;
  /** How long a sample may take. */
  sampleMs?: number;
};

type Sampler = { service: string; read(): Iterable<AnySample> | Promise<Iterable<AnySample>> };
type AnySample = { labels: readonly string[]; value: number };

/** Creates the metrics of a process. The registry is its own: nothing is kept in the module of prom-client. */
export function createMetrics({ version, ofProcess = true, sampleMs = 1000 }: MetricsOptions): Metrics {
  const registry = new Registry();
  const samplers = new Map<GaugeName, Set<Sampler>>();
  const kept = new Map<string, CountedSeries | ObservedSeries>();
  const families = new Map<MetricName, SeriesLines[]>();
  if (ofProcess) collectDefaultMetrics({ register: registry });

  const familyOf = (name: MetricName): SeriesLines[] => {
    const known = families.get(name);
    if (known) return known;
    const added: SeriesLines[] = [];
    families.set(name, added);
    const { type, help }: MetricDefinition = catalogue[name];
    const get = () => ({ name, help, type, values: added.flatMap((lines) => lines()) });
    // All that the registry's text needs of a metric.
    registry.registerMetric({ name, help, type, get } as unknown as Metric);
    return added;
  };
  const keptSeries = <S extends CountedSeries | ObservedSeries>(
    name: MetricName,
    [service = '', ...values]: readonly string[],
    create: () => S,
  ) => {
    const key = JSON.stringify([name, service, ...values]);
    const known = kept.get(key);
    if (known) return known as S;
    const created = create();
    kept.set(key, created);
    const labels = labelled(catalogue[name].labels, service, values);
    familyOf(name).push(() => created.lines(name, labels));
    return created;
  };
  const samplersOf = (name: GaugeName) => {
    const known = samplers.get(name);
    if (known) return known;
    const added = new Set<Sampler>();
    samplers.set(name, added);
    const { help, labels }: MetricDefinition = catalogue[name];
    new Gauge({
      name,
      help,
      labelNames: ['service', ...labels],
      registers: [registry],
      async collect() {
        const found = await Promise.all([...added].map((sampler) => readSamples(sampler, sampleMs)));
        this.reset();
        // Several parts of a service may show the same, such as a circuit of the graph before and after a change: the largest counts.
        const largest = new Map<string, number>();
        for (const { service, samples } of found) {
          for (const { labels: values, value } of samples) {
            const key = JSON.stringify([service, ...values]);
            largest.set(key, Math.max(value, largest.get(key) ?? value));
          }
        }
        for (const [key, value] of largest) {
          const [service = '', ...values] = JSON.parse(key) as string[];
          this.set(labelled(labels, service, values), value);
        }
      },
    });
    return added;
  };
  const of = (service: string): ServiceMetrics => ({
    // A counter that is not there yet looks like one that was never scraped: increase() would miss the first. So its series begins at 0.
    counter: (name, ...values) => keptSeries(name, [service, ...values], () => new CountedSeries()),
    histogram: (name, ...values) =>
      keptSeries(name, [service, ...values], () => new ObservedSeries(catalogue[name].buckets)),
    sample(name, read) {
      const sampler = { service, read };
      const ofName = samplersOf(name);
      ofName.add(sampler);
      return () => ofName.delete(sampler);
    },
  });
  of('process').sample('signet_build_info', () => [{ labels: [version], value: 1 }]);
  return { of, text: () => registry.metrics(), contentType: registry.contentType };
}

type SeriesLines = () => SeriesLine[];

function labelled(names: readonly string[], service: string, values: readonly string[]) {
  return Object.fromEntries([['service', service], ...names.map((name, at) => [name, values[at] ?? ''])]);
}

async function readSamples({ service, read }: Sampler, sampleMs: number) {
  const { promise: late, resolve } = Promise.withResolvers<never[]>();
  const timer = setTimeout(resolve, sampleMs, []);
  try {
    return { service, samples: await Promise.race([read(), late]) };
  } catch {
    return { service, samples: [] };
  } finally {
    clearTimeout(timer);
  }
}
