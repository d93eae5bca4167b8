import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

// Takes dashboard.png, the picture in docs/operations.md: the panels of deploy/monitoring/dashboard.json with the data of a
// Prometheus that scrapes a platform which runs:
//   npm start
//   prometheus --config.file=deploy/monitoring/prometheus.yml     (with the target localhost:4009)
//   npx node docs/images/take-dashboard-picture.ts [http://localhost:9090] [minutes, default 15]
// CHROMIUM_PATH names the browser. This is no Grafana: it draws titles, places, queries, units and legends of the file, and no
// other option of a panel.

type Target = { expr: string; legendFormat: string };
type Panel = {
  type: 'row' | 'stat' | 'timeseries';
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  fieldConfig?: {
    defaults: {
      unit: string;
      thresholds?: { steps: { color: string; value: number | null }[] };
      custom?: { stacking: { mode: string } };
    };
  };
  targets?: Target[];
};
type Line = { name: string; points: [number, number][] };
type Answer = {
  status: string;
  error?: string;
  data: { result: { metric: Record<string, string>; values: [number, string][] }[] };
};

const [prometheusUrl = 'http://localhost:9090', minutes = '15'] = process.argv.slice(2);
const pictureFile = fileURLToPath(new URL('dashboard.png', import.meta.url));
const dashboardFile = fileURLToPath(new URL('../../deploy/monitoring/dashboard.json', import.meta.url));
const { panels } = JSON.parse(readFileSync(dashboardFile, 'utf8')) as { panels: Panel[] };
const to = Math.floor(Date.now() / 1000);
const from = to - 60 * Number(minutes);
const stepSeconds = Math.max(5, Math.round((to - from) / 180));
const [columnWidth, rowHeight, gap, maxBytes] = [60, 24, 6, 900_000];
const colours = [
  '#3274d9',
  '#37872d',
  '#e0752d',
  '#8f3bb8',
  '#c4162a',
  '#0e8a8a',
  '#b58900',
  '#6b7280',
  '#d4449c',
  '#5c4033',
];

const escapes: Record<string, string> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' };
const escapeHtml = (text: string) => text.replaceAll(/[<>&"]/g, (sign) => escapes[sign] ?? sign);

async function askPrometheus({ expr, legendFormat }: Target): Promise<Line[]> {
  const query = expr.replaceAll('$__rate_interval', '1m').replaceAll('$entrance', '.*');
  const url = new URL('/api/v1/query_range', prometheusUrl);
  url.search = new URLSearchParams({
    query,
    start: `${from}`,
    end: `${to}`,
    step: `${stepSeconds}`,
  }).toString();
  const answer = (await (await fetch(url)).json()) as Answer;
  if (answer.status !== 'success') throw new Error(`${query}: ${answer.error}`);
  return answer.data.result.map(({ metric, values }) => ({
    name:
      legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? '').trim() || 'none',
    points: values
      .map(([at, value]): [number, number] => [at, Number(value)])
      .filter(([, value]) => Number.isFinite(value)),
  }));
}

function format(value: number, unit: string): string {
  const short = (number: number) => String(Number(number.toPrecision(3)));
  if (unit === 'percentunit') return `${short(100 * value)} %`;
  if (unit === 'bytes') return `${short(value / 2 ** 20)} MiB`;
  if (unit === 'reqps') return `${short(value)}/s`;
  if (unit !== 's') return short(value);
  if (value >= 3600) return `${short(value / 3600)} h`;
  if (value >= 60) return `${short(value / 60)} min`;
  return value < 1 && value > 0 ? `${short(1000 * value)} ms` : `${short(value)} s`;
}

/** Each line on top of the ones before it, as Grafana stacks them. */
function stack(lines: Line[]): Line[] {
  const sums = new Map<number, number>();
  return lines.map(({ name, points }) => ({
    name,
    points: points.map(([at, value]) => {
      sums.set(at, (sums.get(at) ?? 0) + value);
      return [at, sums.get(at) ?? 0];
    }),
  }));
}

/** A round number above it, so that its halves are round as well. */
function roundUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 4, 6, 10].find((step) => step * power >= value) ?? 10) * power;
}

function drawLines(lines: Line[], unit: string, isStacked: boolean, width: number, height: number): string {
  const top = roundUp(Math.max(0, ...lines.flatMap(({ points }) => points.map(([, value]) => value))));
  const [left, bottom] = [58, 16];
  const x = (at: number) => left + ((at - from) / (to - from)) * (width - left - 6);
  const y = (value: number) => 5 + (1 - value / top) * (height - bottom - 5);
  const marks = [0, top / 2, top].map(
    (value) =>
      `<line x1="${left}" x2="${width}" y1="${y(value)}" y2="${y(value)}" stroke="#e4e7eb"/>` +
      `<text x="${left - 5}" y="${y(value) + 4}" text-anchor="end">${format(value, unit)}</text>`,
  );
  const times = [0.1, 0.5, 0.9].map((part) => {
    const at = from + part * (to - from);
    return `<text x="${x(at)}" y="${height - 3}" text-anchor="middle">${new Date(at * 1000).toISOString().slice(11, 16)}</text>`;
  });
  const paths = lines.map(({ points }, index) => {
    const parts = points.map(([at, value], place) => {
      const isNext = place > 0 && at - (points[place - 1]?.[0] ?? 0) <= 2 * stepSeconds;
      return `${isNext ? 'L' : 'M'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    });
    const colour = colours[index % colours.length];
    const [first, last] = [points[0]?.[0] ?? from, points.at(-1)?.[0] ?? from];
    const area = isStacked
      ? `<path d="${parts.join('')}L${x(last)} ${y(0)}L${x(first)} ${y(0)}Z" fill="${colour}"/>`
      : '';
    return `${area}<path d="${parts.join('')}" fill="none" stroke="${colour}" stroke-width="1.4"/>`;
  });
  // What is stacked below is drawn over what is above.
  if (isStacked) paths.reverse();
  return `<svg width="${width}" height="${height}">${marks.join('')}${times.join('')}${paths.join('')}</svg>`;
}

async function draw({ type, title, gridPos, fieldConfig, targets = [] }: Panel): Promise<string> {
  const [width, height] = [gridPos.w * columnWidth - gap, gridPos.h * rowHeight - gap];
  const place = `left:${gridPos.x * columnWidth}px;top:${gridPos.y * rowHeight}px;width:${width}px;height:${height}px`;
  if (type === 'row') return `<h2 style="${place}">${escapeHtml(title)}</h2>`;
  const { unit = 'short', thresholds, custom } = fieldConfig?.defaults ?? {};
  const lines = (await Promise.all(targets.map(askPrometheus))).flat();
  if (type === 'stat') {
    const value = lines[0]?.points.at(-1)?.[1];
    const { color = 'green' } =
      thresholds?.steps.findLast((step) => step.value === null || (value ?? 0) >= step.value) ?? {};
    const text = value === undefined ? 'no data' : format(value, unit);
    return `<div class="stat ${color}" style="${place}"><b>${escapeHtml(title)}</b><p>${text}</p></div>`;
  }
  const isStacked = custom?.stacking.mode === 'normal';
  const drawn = isStacked ? stack(lines) : lines;
  const legend = lines.map(
    ({ name }, index) =>
      `<span><i style="background:${colours[index % colours.length]}"></i>${escapeHtml(name)}</span>`,
  );
  const body =
    lines.length === 0
      ? '<p class="none">no data</p>'
      : drawLines(drawn, unit, isStacked, width - 12, height - 64);
  return `<div style="${place}"><b>${escapeHtml(title)}</b>${body}<footer>${legend.join('')}</footer></div>`;
}

const style = `body{margin:0;background:#f4f5f7;font:12px sans-serif;color:#24292e;position:relative}
div,h2{position:absolute;box-sizing:border-box;margin:0;overflow:hidden}h2{font-size:14px;padding-top:2px}
div{background:#fff;border:1px solid #dcdfe3;border-radius:3px;padding:5px}svg{display:block}svg text{font-size:10px;fill:#667}
footer{font-size:10px;line-height:13px;height:39px;overflow:hidden}span{margin-right:8px}i{display:inline-block;width:9px;height:3px;margin:0 3px 3px 0}
.stat p{font-size:34px;text-align:center;margin:8px}.stat.green p{color:#37872d}.stat.red p{color:#c4162a}.none{text-align:center;color:#889;margin-top:30px}`;
const width = 24 * columnWidth;
const height = Math.max(...panels.map(({ gridPos: { y, h } }) => y + h)) * rowHeight;
const drawn = await Promise.all(panels.map(draw));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  headless: true,
  // Chromium's own sandbox does not start for root; the page is made here.
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
});
try {
  const page = await browser.newPage({ viewport: { width: width + 12, height: height + 12 } });
  await page.setContent(`<style>${style}</style><body style="margin:6px">${drawn.join('')}</body>`);
  const picture = await page.screenshot({ type: 'png' });
  if (picture.length > maxBytes)
    throw new Error(`The picture has ${picture.length} bytes, at most ${maxBytes}.`);
  await writeFile(pictureFile, picture);
  console.log(`${pictureFile}: ${picture.length} bytes`);
} finally {
  await browser.close();
}
