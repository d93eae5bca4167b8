/** One line of Prometheus' text format. */
export type MetricLine = { name: string; labels: Record<string, string>; value: number };

/** A text of metrics, read: the type of each family, and each series. */
export type MetricsText = {
  types: ReadonlyMap<string, string>;
  series: readonly MetricLine[];
  /** The value of the one series with these labels among its own. Undefined where there is none. @throws where there are several */
  find(name: string, labels?: Record<string, string>): number | undefined;
};

const seriesForm = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const labelForm = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/gy;
const escapes: Readonly<Record<string, string>> = { n: '\n', '"': '"', '\\': '\\' };

/**
 * Reads Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/), for tests and commands.
 *
 * @throws {SyntaxError} for a line that is not of the format, a series twice, or one whose family has no type
 */
export function readMetrics(text: string): MetricsText {
  const types = new Map<string, string>();
  const series: MetricLine[] = [];
  const seen = new Set<string>();
  if (!text.endsWith('\n')) throw new SyntaxError('the last line has no end');
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue;
    const [, family, type] = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$/.exec(line) ?? [];
    if (family !== undefined && type !== undefined) {
      types.set(family, type);
      continue;
    }
    const [, name = '', labels = '', value = ''] = seriesForm.exec(line) ?? [];
    const read = { name, labels: readLabels(labels, line), value: readValue(value, line) };
    if (!types.has(name) && !types.has(name.replace(/_(bucket|sum|count)$/, '')))
      throw new SyntaxError(`a series without a type: ${line}`);
    const id = JSON.stringify([name, Object.entries(read.labels).sort()]);
    if (seen.has(id)) throw new SyntaxError(`a series twice: ${line}`);
    seen.add(id);
    series.push(read);
  }
  return {
    types,
    series,
    find(name, labels = {}) {
      const found = series.filter(
        (one) =>
          one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value),
      );
      if (found.length > 1) throw new TypeError(`${found.length} series of ${name} have these labels`);
      return found[0]?.value;
    },
  };
}

function readLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let end = 0;
  for (const match of text.matchAll(labelForm)) {
    const [whole, name = '', value = ''] = match;
    labels[name] = value.replace(/\\(.)/g, (_, escaped: string) => escapes[escaped] ?? escaped);
    end = match.index + whole.length;
  }
  if (end !== text.length) throw new SyntaxError(`labels that can't be read: ${line}`);
  return labels;
}

function readValue(text: string, line: string): number {
  // Go's ParseFloat, which Prometheus reads with, takes any case. Node's delay of the event loop has no mean at first.
  if (/^nan$/i.test(text)) return Number.NaN;
  const value = text === '+Inf' ? Number.POSITIVE_INFINITY : Number(text);
  if (text === '' || Number.isNaN(value)) throw new SyntaxError(`no value: ${line}`);
  return value;
}
