import type { ReactNode } from 'react';
import { Link, useSearchParams } from 'react-router';
import { useMay } from '../app/may.ts';
import {
  auditLogDocument,
  type DashboardQuery,
  type DashboardQueryVariables,
  dashboardDocument,
  refusalsDocument,
} from '../operations.generated.ts';
import { formatCount, locale } from '../texts/index.ts';
import { Chart, ChartPatterns, type ChartSeries, Tiles, type Timeline } from '../ui/chart.tsx';
import { Problem, Section, Skeleton } from '../ui/ui.tsx';
import { dashboardPanels } from './panels.ts';
import { dashboard as texts } from './texts.ts';
import { useLive, useLiveState } from './use-live.ts';
import './dashboard.css';

type Range = DashboardQueryVariables['range'];
type Counts = NonNullable<DashboardQuery['dashboard']>;

const ranges: readonly Range[] = ['HOUR', 'DAY', 'WEEK', 'MONTH'];

/** What happens now and happened lately, for everybody who keeps an eye on it. */
export function Component() {
  const [params, setParams] = useSearchParams();
  const range = ranges.find((one) => one.toLowerCase() === params.get('range')) ?? 'DAY';
  const { data, error, refetch } = useLive(dashboardDocument, { range });
  const counts = data?.dashboard;
  return (
    <>
      <div className="title">
        <h1>{texts.title}</h1>
        {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for what is sent. */}
        <div className="buttons" role="group" aria-label={texts.range}>
          {ranges.map((one) => (
            <button
              type="button"
              key={one}
              className={`button ${one === range ? 'main' : 'plain'}`}
              aria-pressed={one === range}
              onClick={() => setParams({ range: one.toLowerCase() }, { replace: true })}
            >
              {texts.ranges[one]}
            </button>
          ))}
        </div>
      </div>
      <Freshness asOf={counts?.signIns?.asOf} isOfDays={range === 'MONTH'} />
      {error && !counts ? (
        <Problem error={error} onRetry={() => refetch()} />
      ) : (
        <div className="charts">
          <ChartPatterns />
          <Charts counts={counts ?? undefined} />
          {dashboardPanels.map(({ name, Panel }) => (
            <Panel key={name} range={range} />
          ))}
        </div>
      )}
    </>
  );
}

const clock = new Intl.DateTimeFormat(locale, { timeStyle: 'medium' });

function Freshness({ asOf, isOfDays }: { asOf: string | undefined; isOfDays: boolean }) {
  const state = useLiveState();
  const isElsewhere = new Date().getTimezoneOffset() !== 0;
  return (
    <p className="freshness quiet">
      <span role="status" className={`tag ${state === 'live' ? '' : 'warn'}`}>
        {texts[state]}
      </span>
      <span>{asOf ? texts.asOf(clock.format(new Date(asOf))) : '\u00a0'}</span>
      {isOfDays && isElsewhere && <span>{texts.utcDays}</span>}
    </p>
  );
}

function Charts({ counts }: { counts: Counts | undefined }) {
  const linkTo = useAuditLinks();
  const signIns = (side: string) => (timeline: Timeline) =>
    pick(
      timeline,
      Object.entries(texts.outcomes).map(([name, label]) => [`${side}:${name}`, label]),
    );
  return (
    <>
      <Section title={texts.customers}>
        <Fact value={counts?.accounts} isFirst>
          {(timeline) => (
            <>
              <Tiles
                tiles={[
                  { label: texts.customers, value: counts?.customers ?? 0 },
                  { label: texts.notes, value: counts?.supportNotes ?? 0 },
                ]}
              />
              <Chart
                title={texts.accounts}
                timeline={timeline}
                series={pick(timeline, Object.entries(texts.account))}
              />
            </>
          )}
        </Fact>
      </Section>
      <Section title={texts.customerSignIns}>
        <Fact value={counts?.signIns}>
          {(timeline) => (
            <Chart
              title={texts.customerSignIns}
              timeline={timeline}
              series={signIns('user')(timeline)}
              linkTo={linkTo((name) => signInKinds[name.split(':')[1] ?? ''])}
            />
          )}
        </Fact>
      </Section>
      <Section title={texts.staffSignIns}>
        <Fact value={counts?.signIns}>
          {(timeline) => (
            <Chart
              title={texts.staffSignIns}
              timeline={timeline}
              series={signIns('portal')(timeline)}
              linkTo={linkTo((name) => signInKinds[name.split(':')[1] ?? ''])}
            />
          )}
        </Fact>
      </Section>
      <Section title={texts.refusals}>
        <Fact value={counts?.refusals} isTaller>
          {(timeline) => (
            <>
              <Chart
                title={texts.refusals}
                timeline={timeline}
                series={pickReasons(timeline)}
                linkTo={linkTo(() => 'authz.refused')}
              />
              <Everyday timeline={timeline} />
            </>
          )}
        </Fact>
      </Section>
      <Section title={texts.throttles}>
        <Fact value={counts?.throttles}>
          {(timeline) => (
            <Chart
              title={texts.throttles}
              timeline={timeline}
              series={pick(timeline, Object.entries(texts.throttled))}
              linkTo={linkTo((name) => (name === 'sign_in' ? 'auth.login.throttled' : 'auth.throttled'))}
            />
          )}
        </Fact>
      </Section>
      <Section title={texts.lag}>
        <Fact value={counts?.lag}>
          {(timeline) => (
            <Chart
              title={texts.lag}
              kind="lines"
              timeline={timeline}
              series={pick(timeline, Object.entries(texts.late))}
              format={formatMs}
            />
          )}
        </Fact>
      </Section>
    </>
  );
}

/** Holds the place of a chart until it is there. */
function Fact(props: {
  value: Timeline | null | undefined;
  isFirst?: boolean;
  isTaller?: boolean;
  children: (timeline: Timeline) => ReactNode;
}) {
  return (
    <div className={`fact${props.isFirst ? ' first' : ''}${props.isTaller ? ' taller' : ''}`}>
      {props.value ? props.children(props.value) : <Skeleton lines={5} />}
    </div>
  );
}

/** Series by their names, in this order. */
function pick(timeline: Timeline, labels: readonly (readonly [string, string])[]): ChartSeries[] {
  return labels.map(([name, label]) => ({
    name,
    label,
    values: timeline.series.find((one) => one.name === name)?.values ?? [],
  }));
}

/** Requests without a token: what a page asks that nobody has signed in to. They would hide all that is of interest. */
const everyday = 'auth.failure.missing_token';

/** The most frequent reasons by themselves, and the others together. */
function pickReasons(timeline: Timeline): ChartSeries[] {
  const series = timeline.series.filter(({ name }) => name !== everyday);
  const shown = series.slice(0, 4).map(({ name, values }) => ({ name, label: name, values }));
  const others = series.slice(4);
  if (others.length > 0) {
    const values = others[0]?.values.map((_, step) =>
      others.reduce((sum, one) => sum + (one.values[step] ?? 0), 0),
    );
    shown.push({ name: 'others', label: texts.otherReasons, values: values ?? [] });
  }
  if (shown.length > 0) return shown;
  const { startsAt, asOf, bucketSeconds } = timeline;
  const steps = Math.ceil((Date.parse(asOf) - Date.parse(startsAt)) / bucketSeconds / 1000);
  return [{ name: 'none', label: texts.noReasons, values: Array<number>(Math.max(1, steps)).fill(0) }];
}

/** What the chart of refusals leaves out, counted. */
function Everyday({ timeline }: { timeline: Timeline }) {
  const may = useMay();
  const values = timeline.series.find(({ name }) => name === everyday)?.values ?? [];
  const text = texts.everyday(formatCount(values.reduce<number>((sum, value) => sum + (value ?? 0), 0)));
  return (
    <p className="quiet beside">
      {may(refusalsDocument) ? <Link to={`/refusals?reason=${everyday}`}>{text}</Link> : text}
    </p>
  );
}

const signInKinds: Readonly<Record<string, string>> = {
  success: 'auth.login.success',
  failure: 'auth.login.failure',
  challenge: 'auth.challenge.failed',
  throttled: 'auth.login.throttled',
};

/** Links to the events of a step in the audit log, for a role that may read it. */
function useAuditLinks() {
  const may = useMay();
  const isShown = may(auditLogDocument);
  return (kindOf: (name: string) => string | undefined) =>
    isShown
      ? (name: string, from: Date, until: Date) => {
          const kind = kindOf(name);
          if (!kind) return undefined;
          return `/audit?${new URLSearchParams({ kind, since: from.toISOString(), until: until.toISOString() })}`;
        }
      : undefined;
}

const seconds = new Intl.NumberFormat(locale, {
  style: 'unit',
  unit: 'second',
  maximumSignificantDigits: 2,
});
const minutes = new Intl.NumberFormat(locale, { style: 'unit', unit: 'minute', maximumFractionDigits: 0 });

function formatMs(ms: number): string {
  return ms < 120_000 ? seconds.format(ms / 1000) : minutes.format(ms / 60_000);
}
