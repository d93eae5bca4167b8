import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { errorTable } from '@signet/schema/contract';
import { catalogue, type MetricDefinition, readMetrics } from '@signet/telemetry';
import { createMetrics } from '@signet/telemetry/metrics';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { shortages } from '../../gateway/src/admission/admission-log.ts';
import { readComposeVariables } from '../compose-file.test-support.ts';
import { readPromql } from './promql.test-support.ts';

type Rule = {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: string };
  annotations: { summary: string; runbook_url: string };
};
type Panel = {
  id: number;
  type: string;
  title: string;
  description?: string;
  datasource?: object;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { expr: string; legendFormat: string; datasource: object }[];
};

const read = (name: string) => readFileSync(join(import.meta.dirname, name), 'utf8');
const rules = (parse(read('rules.yaml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);
const dashboard = JSON.parse(read('dashboard.json')) as {
  panels: Panel[];
  templating: { list: { name: string; definition?: string }[] };
};
const prometheus = parse(read('prometheus.yml')) as {
  rule_files: string[];
  global: { external_labels: Record<string, string> };
  scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
};
const runbooks = join(import.meta.dirname, '../../docs/runbooks');

/** What Prometheus adds to each series of a target. */
const targetLabels = ['job', 'instance'];
/** Series that Prometheus makes itself. */
const ofPrometheus = {
  up: { type: 'gauge', labels: [] },
  ALERTS: { type: 'gauge', labels: ['alertname', 'alertstate'] },
};
const ofProcess = await readProcessMetrics();

/** Every name that may be asked for, with its labels and what it counts. */
const known = new Map<string, { type: string; labels: string[]; help: string }>([
  ...Object.entries<MetricDefinition>(catalogue).flatMap(([name, { type, labels, help }]) =>
    seriesOf(name, type, ['service', ...labels], help),
  ),
  ...[...Object.entries(ofPrometheus), ...ofProcess].flatMap(([name, { type, labels }]) =>
    seriesOf(name, type, labels, ''),
  ),
]);

function seriesOf(name: string, type: string, labels: readonly string[], help: string) {
  const all = [...labels, ...targetLabels];
  const parts: [string, string[]][] =
    type === 'histogram'
      ? [
          [`${name}_bucket`, [...all, 'le']],
          [`${name}_sum`, all],
          [`${name}_count`, all],
        ]
      : [[name, all]];
  return parts.map(([part, own]) => [part, { type, labels: own, help }] as const);
}

/** The metrics of prom-client, as a process shows them. */
async function readProcessMetrics(): Promise<[string, { type: string; labels: string[] }][]> {
  const { types, series } = readMetrics(await createMetrics({ version: 'test' }).text());
  return [...types]
    .filter(([name]) => /^(process|nodejs)_/.test(name))
    .map(([name, type]) => {
      const own = series
        .filter((one) => one.name.startsWith(name))
        .flatMap(({ labels }) => Object.keys(labels));
      return [name, { type, labels: [...new Set(own)].filter((label) => label !== 'le') }];
    });
}

/** The values of labels that have a fixed table, which the rules choose from. */
const tabled: Record<string, readonly string[]> = {
  limit: shortages.map((shortage) => shortage.replace(' ', '_')),
  reason: Object.values(errorTable).flatMap(({ reasons }) => Object.keys(reasons)),
};

const isBucket = (metric: string) => metric.endsWith('_bucket');

/** What is wrong with an expression, and with the labels that its text (a legend, a summary) shows. */
function findFaults(expression: string, shownLabels: string[] = []): string[] {
  const { metrics, matchers, grouping, rated, resultLabels } = readPromql(
    expression.replaceAll('$__rate_interval', '5m'),
  );
  const faults = metrics.filter((name) => !known.has(name)).map((name) => `there is no metric ${name}`);
  if (metrics.length === 0) faults.push('it asks for no metric');
  const labelsOf = (metric: string) => known.get(metric)?.labels ?? [];
  for (const { metric, label, operator, value } of matchers) {
    if (!labelsOf(metric).includes(label)) faults.push(`${metric} has no label ${label}`);
    const help = known.get(metric)?.help ?? '';
    // The catalogue lists the values of these labels in words.
    const listed =
      ['outcome', 'state', 'result'].includes(label) &&
      new RegExp(`\\b${label}: ([^.]*)`, 'i').exec(help)?.[1];
    const values = operator.endsWith('~') ? value.split('|') : [value];
    if (listed)
      for (const one of values)
        if (!new RegExp(`\\b${one}\\b`).test(listed)) faults.push(`${metric} has no ${label}="${one}"`);
    const isOneOf = new RegExp(`^(?:${value})$`);
    const chosen = tabled[label]?.filter((one) => isOneOf.test(one)) ?? values;
    if (chosen.length !== values.length)
      faults.push(`of the ${label}s ${value} there are only: ${chosen.join(', ') || 'none'}`);
  }
  for (const metric of metrics) {
    for (const label of grouping)
      if (!labelsOf(metric).includes(label) && !(label === 'le' && metrics.some(isBucket)))
        faults.push(`${metric} has no label ${label}`);
    const isCounter = /_(total|bucket|count|sum)$/.test(metric);
    if (isCounter !== rated.includes(metric))
      faults.push(isCounter ? `${metric} is a counter: take its rate` : `${metric} is no counter`);
  }
  const result = resultLabels ?? labelsOf(metrics[0] ?? '');
  return [
    ...faults,
    ...shownLabels.filter((label) => !result.includes(label)).map((label) => `no {{${label}}}`),
  ];
}

describe('the alerts', () => {
  test.each(rules.map((rule) => [rule.alert, rule] as const))(
    '%s asks for series that exist, and says what is wrong',
    (alert, { expr, labels, annotations: { summary, runbook_url } }) => {
      const shown = [...summary.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label);
      expect(findFaults(expr, shown)).toEqual([]);
      expect(alert).toMatch(/^Signet[A-Z]/);
      expect(['critical', 'warning']).toContain(labels.severity);
      expect(summary).toMatch(/\.$/);
      expect(runbook_url).toBe(`{{ $externalLabels.runbooks }}/${alert}.md`);
    },
  );

  test('docs/operations.md lists each with its severity, and no other', () => {
    const page = readFileSync(join(runbooks, '../operations.md'), 'utf8');
    const listed = [...page.matchAll(/^\| \[(\w+)\]\(runbooks\/\1\.md\) \| (\w+) \|/gm)].map(
      ([, ...row]) => row,
    );
    expect(listed.sort()).toEqual(rules.map(({ alert, labels }) => [alert, labels.severity]).sort());
  });

  test('each has its runbook, and each runbook an alert', () => {
    const pages = globSync('*.md', { cwd: runbooks }).map((page) => basename(page, '.md'));
    expect(pages.sort()).toEqual(rules.map(({ alert }) => alert).sort());
  });

  test.each(rules.map(({ alert, labels }) => [alert, labels.severity]))(
    'the runbook of %s says what it means, what customers notice, what to do and when it is over',
    (alert, severity) => {
      const page = readFileSync(join(runbooks, `${alert}.md`), 'utf8');
      expect(page.split('\n')[0]).toBe(`# ${alert}`);
      expect(page).toContain(`Severity: ${severity}`);
      expect(page.match(/^## .*/gm)).toEqual([
        '## What customers notice',
        '## Look at',
        '## Do',
        '## It is over when',
      ]);
      const series = [...page.matchAll(/\b(?:signet|nodejs|process)_\w+/g)].map(([name]) => name);
      expect(series.filter((name) => !known.has(name) && !known.has(`${name}_bucket`))).toEqual([]);
    },
  );
});

describe('docs/operations.md', () => {
  const page = readFileSync(join(runbooks, '../operations.md'), 'utf8');
  const [, commands = ''] = /^## Commands\n(.*?)^## /ms.exec(page) ?? [];
  const ofOnePlace = /docker|kubectl|systemctl|journalctl|npm run|npx/;

  test('has each command for compose, systemd and Kubernetes', () => {
    const [, , ...rows] = [...commands.matchAll(/^\|(.*)\|$/gm)].map(([, row = '']) =>
      row.split(/(?<!\\)\|/),
    );
    expect(rows.length).toBeGreaterThan(5);
    for (const row of rows) {
      expect(row).toHaveLength(4);
      for (const cell of row) expect([row[0], cell.trim()]).not.toContain('');
    }
  });

  test.each(globSync('*.md', { cwd: runbooks }))(
    '%s names no command that works in one place only',
    (name) => {
      expect(readFileSync(join(runbooks, name), 'utf8')).not.toMatch(ofOnePlace);
    },
  );
});

describe('the dashboard', () => {
  const panels = dashboard.panels.filter(({ type }) => type !== 'row');

  test.each(panels.map((panel) => [panel.title, panel] as const))(
    '"%s" asks for series that exist',
    (_, panel) => {
      expect(panel.targets).not.toEqual([]);
      for (const { expr, legendFormat, datasource } of panel.targets ?? []) {
        const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
        expect([expr, findFaults(expr, shown)]).toEqual([expr, []]);
        // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana puts the variable in.
        expect(datasource).toEqual({ type: 'prometheus', uid: '${datasource}' });
      }
      const named = [...(panel.description ?? '').matchAll(/\bSignet[A-Z]\w+/g)].map(([alert]) => alert);
      expect(rules.map(({ alert }) => alert)).toEqual(expect.arrayContaining(named));
    },
  );

  test('it shows every metric of the catalogue', () => {
    const asked = new Set(
      panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => readPromql(expr).metrics)),
    );
    const isShown = (name: string) => [name, `${name}_bucket`].some((series) => asked.has(series));
    expect(Object.keys(catalogue).filter((name) => !isShown(name))).toEqual([]);
  });

  test('its variables ask for series that exist', () => {
    const definitions = dashboard.templating.list.flatMap(({ definition }) => definition ?? []);
    expect(definitions).not.toEqual([]);
    for (const definition of definitions) {
      const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(definition) ?? [];
      expect(known.get(metric)?.labels).toContain(label);
    }
  });

  test('no panel lies on another one, and none has the id of another one', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)}:${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...dashboard.panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24);
  });
});

describe('the example for Prometheus', () => {
  test('scrapes the processes of the platform at their port of compose, under the name that the rules ask for', () => {
    const [config] = prometheus.scrape_configs;
    const targets = config?.static_configs.flatMap((one) => one.targets) ?? [];
    const port = readComposeVariables().METRICS_PORT;
    const processes = ['gateway-user', 'gateway-portal', 'auth-user', 'auth-portal', 'portal'];
    expect(targets).toEqual(expect.arrayContaining(processes.map((name) => `${name}:${port}`)));
    expect(targets.filter((target) => !target.endsWith(`:${port}`))).toEqual([]);
    expect(config?.job_name).toBe('signet');
    expect(prometheus.rule_files).toEqual(['rules.yaml']);
    expect(prometheus.global.external_labels.runbooks).toMatch(/docs\/runbooks$/);
  });
});

test.each([
  ['a metric that is not there', 'signet_request_total == 0', 'there is no metric signet_request_total'],
  [
    'a histogram without its part',
    'signet_plan_duration_seconds > 1',
    'there is no metric signet_plan_duration_seconds',
  ],
  [
    'a label that is not there',
    'sum by (path) (rate(signet_requests_total[5m]))',
    'signet_requests_total has no label path',
  ],
  ['a matcher of no label', 'signet_ready{entrance="user"} == 0', 'signet_ready has no label entrance'],
  [
    'a value that is not there',
    'rate(signet_requests_total{outcome="fail"}[5m])',
    'signet_requests_total has no outcome="fail"',
  ],
  [
    'a limit that is not there',
    'rate(signet_limit_refusals_total{limit=~"bodies|bodys"}[5m])',
    'of the limits bodies|bodys there are only: bodies',
  ],
  [
    'a reason that is not there',
    'rate(signet_refusals_total{reason="auth.failure.reply"}[5m])',
    'of the reasons auth.failure.reply there are only: none',
  ],
  [
    'a counter without a rate',
    'signet_requests_total > 5',
    'signet_requests_total is a counter: take its rate',
  ],
  ['the rate of a gauge', 'rate(signet_ready[5m])', 'signet_ready is no counter'],
])('%s is a fault', (_, expression, fault) => {
  expect(findFaults(expression)).toContain(fault);
});
