import { type ReactNode, useId } from 'react';
import { Link, useHref, useNavigate } from 'react-router';
import { chartTexts as texts } from '../dashboard/texts.ts';
import { formatDateTime, locale } from '../texts/index.ts';
import './chart.css';

/** As the API has it: `Timeline`. */
export type Timeline = {
  startsAt: string;
  bucketSeconds: number;
  asOf: string;
  series: readonly { name: string; values: readonly (number | null)[] }[];
};

export type ChartSeries = { name: string; label: string; values: readonly (number | null)[] };

const width = 600;
/** That of `.chart svg` in CSS pixels: heights are not stretched, widths are. */
const height = 140;
const tones = 5;

const number = new Intl.NumberFormat(locale);

/**
 * Figures over time, as bars that stand on one another or as lines. The picture is for the eye and the pointer. The same is there as a
 * sentence, and as a table, where each figure with something behind it is a link.
 */
export function Chart(props: {
  title: string;
  timeline: Timeline;
  series: readonly ChartSeries[];
  kind?: 'bars' | 'lines';
  /** Writes a figure. */
  format?: (value: number) => string;
  /** Where the events of a step are listed. */
  linkTo?: ((name: string, from: Date, until: Date) => string | undefined) | undefined;
}) {
  const { title, timeline, series, kind = 'bars', format = (value) => number.format(value), linkTo } = props;
  const steps = series[0]?.values.length ?? 0;
  const startOf = (step: number) =>
    new Date(Date.parse(timeline.startsAt) + step * timeline.bucketSeconds * 1000);
  const heightOf = (step: number) => {
    const values = series.map(({ values }) => values[step] ?? 0);
    return kind === 'bars' ? values.reduce((a, b) => a + b, 0) : Math.max(...values);
  };
  const highest = Math.max(0, ...Array.from({ length: steps }, (_, step) => heightOf(step)));
  const top = roundUp(highest);
  const label = (step: number) => formatStep(startOf(step), timeline.bucketSeconds);
  return (
    <figure className="chart">
      <div className="chart-picture" aria-hidden="true">
        <span className="chart-top">{format(top)}</span>
        <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="presentation">
          <title>{title}</title>
          <path className="grid" d={`M0 .5H${width}M0 ${height / 2}H${width}M0 ${height - 0.5}H${width}`} />
          {kind === 'bars' ? (
            <Bars {...{ series, steps, top, startOf, format, linkTo }} seconds={timeline.bucketSeconds} />
          ) : (
            <Lines {...{ series, steps, top }} />
          )}
        </svg>
        <div className="chart-times">
          <span>{steps > 0 && label(0)}</span>
          <span>{steps > 0 && label(Math.floor(steps / 2))}</span>
          <span>{texts.now}</span>
        </div>
      </div>
      <ul className="legend">
        {series.map(({ name, label: text, values }, index) => (
          <li key={name}>
            <i className={`tone-${(index % tones) + 1} ${kind}`} aria-hidden="true" />
            {`${text}: ${format(kind === 'bars' ? total(values) : Math.max(0, ...values.map((value) => value ?? 0)))}`}
          </li>
        ))}
      </ul>
      <figcaption className="quiet">
        {highest === 0
          ? texts.nothing
          : texts.highest(format(highest), label(indexOfHighest(steps, heightOf)))}
      </figcaption>
      <details>
        <summary>{texts.asTable}</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard. */}
        {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for what is sent. */}
        <div className="chart-table" role="group" aria-label={title} tabIndex={0}>
          <table>
            <caption className="quiet">{title}</caption>
            <thead>
              <tr>
                <th scope="col">{texts.from}</th>
                {series.map(({ name, label: text }) => (
                  <th scope="col" key={name}>
                    {text}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {Array.from({ length: steps }, (_, step) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a row is its step.
                <tr key={step}>
                  <th scope="row">{formatDateTime(startOf(step).toISOString())}</th>
                  {series.map(({ name, values }) => {
                    const value = values[step] ?? null;
                    const to = value ? linkTo?.(name, startOf(step), startOf(step + 1)) : undefined;
                    const text = value === null ? '–' : format(value);
                    return <td key={name}>{to ? <Link to={to}>{text}</Link> : text}</td>;
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}

function Bars(props: {
  series: readonly ChartSeries[];
  steps: number;
  top: number;
  seconds: number;
  startOf: (step: number) => Date;
  format: (value: number) => string;
  linkTo: ((name: string, from: Date, until: Date) => string | undefined) | undefined;
}): ReactNode {
  const { series, steps, top, seconds, startOf, format, linkTo } = props;
  const slot = width / steps;
  return Array.from({ length: steps }, (_, step) => {
    let below = 0;
    return series.map(({ name, label, values }, index) => {
      const value = values[step] ?? 0;
      if (value === 0) return null;
      // What is there can be seen, however small it is beside the rest.
      const tall = Math.max(2, (value / top) * height);
      below += tall;
      const bar = (
        <rect
          key={name}
          className={`tone-${(index % tones) + 1}${step === steps - 1 ? ' goes-on' : ''}`}
          x={step * slot + slot * 0.12}
          width={slot * 0.76}
          y={height - below}
          height={tall}
        >
          <title>{`${label}: ${format(value)} (${formatStep(startOf(step), seconds)})`}</title>
        </rect>
      );
      const to = linkTo?.(name, startOf(step), startOf(step + 1));
      return to ? (
        <BarLink key={name} to={to}>
          {bar}
        </BarLink>
      ) : (
        bar
      );
    });
  });
}

/** For the pointer alone: the table has the same links for the keyboard. */
function BarLink({ to, children }: { to: string; children: ReactNode }) {
  const navigate = useNavigate();
  const href = useHref(to);
  return (
    <a
      href={href}
      tabIndex={-1}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        void navigate(to);
      }}
    >
      {children}
    </a>
  );
}

/** A step without a figure is a gap; one alone between gaps is a short line. */
function Lines({ series, steps, top }: { series: readonly ChartSeries[]; steps: number; top: number }) {
  const slot = width / steps;
  return series.map(({ name, values }, index) => {
    let isDrawing = false;
    const path = values.map((value, step) => {
      if (value === null) {
        isDrawing = false;
        return '';
      }
      const y = (height - 1 - (value / top) * (height - 2)).toFixed(1);
      const x = step * slot;
      const move = isDrawing ? `L${x.toFixed(1)} ${y}` : `M${x.toFixed(1)} ${y}`;
      isDrawing = true;
      return `${move}H${(x + slot).toFixed(1)}`;
    });
    return <path key={name} className={`line tone-${(index % tones) + 1}`} d={path.join('')} />;
  });
}

/** Every second tone has stripes, so that no series is told apart by its colour alone. Once on a page with charts. */
export function ChartPatterns() {
  return (
    <svg className="chart-patterns" width="0" height="0" aria-hidden="true">
      <defs>
        {[2, 4].map((tone) => (
          <pattern key={tone} id={`stripes-${tone}`} width="8" height="5" patternUnits="userSpaceOnUse">
            <rect className={`tone-${tone}`} width="8" height="3.4" />
            <rect className={`pale tone-${tone}`} y="3.4" width="8" height="1.6" />
          </pattern>
        ))}
      </defs>
    </svg>
  );
}

/** Counts that stand for themselves. */
export function Tiles({ tiles }: { tiles: readonly { label: string; value: number }[] }) {
  const id = useId();
  return (
    <dl className="tiles">
      {tiles.map(({ label, value }) => (
        <div key={`${id}${label}`}>
          <dt>{label}</dt>
          <dd>{number.format(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

const total = (values: readonly (number | null)[]) => values.reduce<number>((a, b) => a + (b ?? 0), 0);

function indexOfHighest(steps: number, heightOf: (step: number) => number): number {
  let best = 0;
  for (let step = 1; step < steps; step += 1) if (heightOf(step) > heightOf(best)) best = step;
  return best;
}

/** The top of the axis: a round number that has a half. */
function roundUp(value: number): number {
  if (value <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 3, 4, 6, 8, 10].map((factor) => factor * power).find((step) => step >= value) ?? value;
}

const time = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' });
const dayAndTime = new Intl.DateTimeFormat(locale, {
  weekday: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});
const day = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' });

/** In the person's own time zone. A day of UTC is named by the local day that has its middle. */
function formatStep(start: Date, seconds: number): string {
  if (seconds < 21_600) return time.format(start);
  if (seconds < 86_400) return dayAndTime.format(start);
  return day.format(new Date(start.getTime() + (seconds * 1000) / 2));
}
