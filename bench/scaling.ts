// Writes docs/scaling.svg and prints the table of docs/scaling.md: what so many users need, from figures that were measured here.
// npm run bench -- bench/scaling.ts
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What one of each costs, measured. docs/scaling.md names the benchmark of each. */
const cost = {
  /** Seconds of CPU. */
  signIn: 0.35,
  refresh: 0.0034,
  refreshInPostgres: 0.0014,
  page: 0.00075,
  pageInPostgres: 0.001,
  /** Bytes with indexes. */
  account: 394 + 232,
  session: 412 + 2 * 376,
  auditEvent: 806 + 60,
};

/** What users do, assumed. Change these first. */
const use = {
  /** Of all users. */
  activeADay: 0.1,
  liveSessions: 0.5,
  /** Of an active user, a day. */
  pages: 40,
  refreshes: 2,
  signIns: 0.05,
  eventsASignIn: 2.5,
  /** The busiest minutes against the mean of a day. */
  peak: 5,
  /** After an incident that ended all sessions, so many of all users sign in within ten minutes. */
  rush: 0.01,
};

const scales = [100_000, 1_000_000, 10_000_000, 100_000_000];

type Need = ReturnType<typeof needOf>;

export function needOf(users: number) {
  const atPeak = (aDay: number) => (users * use.activeADay * aDay * use.peak) / 86_400;
  const pages = atPeak(use.pages);
  const refreshes = atPeak(use.refreshes);
  const signIns = atPeak(use.signIns);
  const rush = (users * use.rush) / 600;
  const events = users * use.activeADay * use.signIns * use.eventsASignIn * 365;
  return {
    users,
    pages,
    refreshes,
    signIns,
    rush,
    cores: {
      pages: pages * cost.page,
      postgres: pages * cost.pageInPostgres + refreshes * cost.refreshInPostgres,
      signIns: signIns * cost.signIn,
      rush: rush * cost.signIn,
      refreshes: refreshes * cost.refresh,
    },
    accountsGb: (users * cost.account) / 1e9,
    sessionsGb: (users * use.liveSessions * cost.session) / 1e9,
    auditGbAYear: (events * cost.auditEvent) / 1e9,
  };
}

const short = (value: number): string => {
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value >= 10 ? value.toFixed(0) : value.toPrecision(2);
};

export function formatNeeds(): string {
  const needs = scales.map(needOf);
  const row = (name: string, of: (need: Need) => number) =>
    `| ${name} | ${needs.map((need) => short(of(need))).join(' | ')} |`;
  return [
    `| users | ${scales.map((users) => users.toLocaleString('en')).join(' | ')} |`,
    `| --- | ${scales.map(() => '---:').join(' | ')} |`,
    row('pages a second, at the peak', ({ pages }) => pages),
    row('refreshes a second, at the peak', ({ refreshes }) => refreshes),
    row('sign-ins a second, at the peak', ({ signIns }) => signIns),
    row('sign-ins a second, in a rush', ({ rush }) => rush),
    row('cores for gateways and subgraphs', ({ cores }) => cores.pages),
    row('cores for PostgreSQL', ({ cores }) => cores.postgres),
    row('cores for passwords, at the peak', ({ cores }) => cores.signIns),
    row('cores for passwords, in a rush', ({ cores }) => cores.rush),
    row('cores of auth for refreshes', ({ cores }) => cores.refreshes),
    row('GB of accounts', ({ accountsGb }) => accountsGb),
    row('GB of live sessions', ({ sessionsGb }) => sessionsGb),
    row('GB of audit log a year', ({ auditGbAYear }) => auditGbAYear),
  ].join('\n');
}

const lines = [
  ['rush', 'passwords, in a rush'],
  ['pages', 'gateways and subgraphs'],
  ['postgres', 'PostgreSQL'],
  ['signIns', 'passwords, at the peak'],
  ['refreshes', 'refreshes, in auth'],
] as const;
const [width, height, left, top, right, bottom] = [720, 360, 56, 30, 190, 40];
const [leastCores, mostCores] = [0.01, 1000];

/** Cores by users, both in powers of ten. An SVG that reads on light and dark pages. */
export function plotNeeds(): string {
  const share = (value: number, from: number, to: number) =>
    (Math.log10(value) - Math.log10(from)) / (Math.log10(to) - Math.log10(from));
  const x = (users: number) =>
    left + share(users, scales[0] as number, scales.at(-1) as number) * (width - left - right);
  const y = (cores: number) =>
    height - bottom - share(cores, leastCores, mostCores) * (height - top - bottom);
  const parts = [`<text class="title" x="0" y="16">Cores at the busiest minutes, by number of users</text>`];
  for (const cores of [0.01, 0.1, 1, 10, 100, 1000]) {
    parts.push(
      `<line class="grid" x1="${left}" x2="${width - right}" y1="${y(cores).toFixed(1)}" y2="${y(cores).toFixed(1)}"/>`,
      `<text x="${left - 8}" y="${(y(cores) + 4).toFixed(1)}" text-anchor="end">${cores}</text>`,
    );
  }
  for (const users of scales) {
    parts.push(
      `<text x="${x(users).toFixed(1)}" y="${height - bottom + 20}" text-anchor="middle">${users.toLocaleString('en')}</text>`,
    );
  }
  let labelAbove = Number.NEGATIVE_INFINITY;
  for (const [n, [key, name]] of lines.entries()) {
    const points = scales.map(
      (users) => [x(users), y(Math.max(leastCores, needOf(users).cores[key]))] as const,
    );
    const [endX, endY] = points.at(-1) as readonly [number, number];
    const labelY = Math.max(endY + 4, labelAbove + 15);
    labelAbove = labelY;
    parts.push(
      `<polyline class="l${n}" points="${points.map(([a, b]) => `${a.toFixed(1)},${b.toFixed(1)}`).join(' ')}"/>`,
      `<text class="t${n}" x="${(endX + 8).toFixed(1)}" y="${labelY.toFixed(1)}">${name}</text>`,
    );
  }
  const colours = ['#cf222e', '#2f6feb', '#8250df', '#bc4c00', '#1a7f37'];
  const styles = colours
    .map((colour, n) => `.l${n} { stroke: ${colour} } text.t${n} { fill: ${colour} }`)
    .join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="Cores by number of users">
<style>
text { font: 12px system-ui, sans-serif; fill: #768390 }
.title { font-weight: 600; font-size: 13px }
.grid { stroke: #768390; stroke-opacity: 0.3 }
polyline { fill: none; stroke-width: 2 }
${styles}
</style>
${parts.join('\n')}
</svg>
`;
}

if (import.meta.main) {
  await writeFile(join(import.meta.dirname, '../docs/scaling.svg'), plotNeeds());
  console.log(formatNeeds());
}
