import { type MetricLine, readMetrics } from '@signet/telemetry';
import { assertThat, type SmokeContext } from '@signet/testing/smoke';

type Walk = {
  step: SmokeContext['step'];
  userUrl: string;
  portalUrl: string;
  /** The metrics ports of the deployment's processes: one under `npm start`, one a process in containers. */
  metricsUrls: readonly string[];
};
type Sum = { name: string; labels?: Readonly<Record<string, string>> };

/** Counters that the rest of the smoke walk moves, whatever subgraphs there are. */
const moved: readonly Sum[] = [
  { name: 'signet_requests_total', labels: { outcome: 'ok' } },
  { name: 'signet_requests_total', labels: { outcome: 'refused' } },
  { name: 'signet_request_duration_seconds_count' },
  { name: 'signet_refusals_total', labels: { reason: 'auth.failure.missing_token' } },
  { name: 'signet_fetch_duration_seconds_count', labels: { outcome: 'ok' } },
  { name: 'signet_subgraph_requests_total', labels: { outcome: 'ok' } },
  { name: 'signet_subgraph_request_duration_seconds_count' },
  { name: 'signet_plan_cache_total' },
  { name: 'signet_token_verifications_total', labels: { platform: 'user', outcome: 'ok' } },
  { name: 'signet_token_verifications_total', labels: { platform: 'portal', outcome: 'ok' } },
  { name: 'signet_token_verifications_total', labels: { outcome: 'auth.failure.expired' } },
  { name: 'signet_sign_ins_total', labels: { platform: 'user', outcome: 'ok' } },
  { name: 'signet_sign_ins_total', labels: { platform: 'portal', outcome: 'ok' } },
  { name: 'signet_database_wait_seconds_count' },
];
/** What an id of a request may look like (docs/metrics.md). */
const idForm = /^[A-Za-z0-9._-]{1,64}$/;
const timeoutMs = 10_000;

/**
 * Looks at what a deployment shows of itself: ids of requests, and the metrics before and after the other steps.
 *
 * @returns what to call when the other steps are done
 */
export async function walkTelemetry({ step, userUrl, portalUrl, metricsUrls }: Walk) {
  let before: number[] = [];
  await step('the metrics ports show every service as ready', async () => {
    const series = await readAll(metricsUrls);
    const services = series.filter(({ name }) => name === 'signet_ready');
    assertThat(services.length > 0, 'there is no series signet_ready');
    const lost = services.flatMap(({ labels, value }) => (value === 1 ? [] : [labels.service]));
    assertThat(lost.length === 0, `not ready: ${lost.join(', ')}`);
    before = moved.map((sum) => add(series, sum));
    return [...new Set(services.map(({ labels }) => labels.service))].join(', ');
  });
  for (const url of new Set([userUrl, portalUrl])) {
    await step(`no metrics at the entrance ${url}`, async () => {
      const response = await get(`${url}/metrics`);
      assertThat(!(await response.text()).includes('signet_'), 'strangers can read /metrics there');
      return String(response.status);
    });
    await step('  each answer has an id, and errors have the same', () => compareIds(url));
  }
  return async (): Promise<void> => {
    await step('the metrics count what the walk did', async () => {
      const series = await readAll(metricsUrls);
      const still = moved.filter((sum, index) => add(series, sum) <= (before[index] ?? 0));
      assertThat(still.length === 0, `these did not grow: ${still.map(nameOf).join(', ')}`);
      return `${moved.length} of ${moved.length} grew`;
    });
  };
}

async function readAll(urls: readonly string[]): Promise<MetricLine[]> {
  const texts = await Promise.all(
    urls.map(async (url) => {
      const response = await get(`${url}/metrics`);
      assertThat(response.ok, `${url}/metrics answers ${response.status}. Is it a METRICS_PORT?`);
      return response.text();
    }),
  );
  return texts.flatMap((text) => readMetrics(text).series);
}

function add(series: readonly MetricLine[], { name, labels = {} }: Sum): number {
  return series
    .filter(
      (one) => one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value),
    )
    .reduce((sum, { value }) => sum + value, 0);
}

function nameOf({ name, labels = {} }: Sum): string {
  const inside = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  return inside.length === 0 ? name : `${name}{${inside.join(',')}}`;
}

/** The id of an answer is new each time. One that a caller sends counts only where the caller is in TRUSTED_PROXIES. */
async function compareIds(url: string): Promise<string> {
  const sent = `smoke-${Date.now()}`;
  const ask = async (query: string, headers: Record<string, string> = {}) => {
    const response = await get(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    });
    const id = response.headers.get('x-request-id') ?? '';
    assertThat(idForm.test(id), `an answer has no X-Request-Id, or a wrong one: '${id}'`);
    return { id, body: (await response.json()) as { errors?: { extensions?: { requestId?: string } }[] } };
  };
  const fine = await ask('{ __typename }');
  const refused = await ask('{ thereIsNoSuchField }');
  assertThat(fine.id !== refused.id, 'two requests have one id');
  const inErrors = (refused.body.errors ?? []).map(({ extensions }) => extensions?.requestId);
  assertThat(
    inErrors.length > 0 && inErrors.every((id) => id === refused.id),
    `the answer is ${refused.id}, its errors say ${inErrors.join(', ')}`,
  );
  const strange = await ask('{ __typename }', { 'x-request-id': sent });
  return strange.id === sent
    ? 'taken over from here, a trusted proxy'
    : 'made here, not taken from strangers';
}

async function get(url: string, init: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).name;
    throw new Error(`${url} can't be reached (${cause}). SMOKE_METRICS_URLS names the metrics ports.`);
  }
}
