import { seedPassword } from '@signet/db/seed';
import { postGraphql } from '@signet/testing';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '@signet/testing/otlp-receiver';
import { createSeededDatabase } from '@signet/testing/seeded-database';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createLocalDeployment, type LocalDeployment } from './local-deployment.test-support.ts';
import { RunningProcess } from './running-process.test-support.ts';
import type { Process } from './services.test-support.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';
const traceparent = `00-${traceId}-${spanId}-01`;
const staff = { email: 'admin@example.com', password: seedPassword };
const signIn = 'mutation SignIn($input: LoginInput!) { portalLogin(input: $input) { accessToken } }';
/** Portal has customers and notes, auth the members of staff. */
const customers = `query Customers($first: Int) {
  portalMe { email }
  customers(first: $first) { edges { node { supportNotes { edges { node { author { fullName } } } } } } }
}`;
/** Says on standard output which modules of OpenTelemetry's SDK the process loads. */
const reportLoading = `--import=data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  registerHooks({
    load(url, context, next) {
      if (/@opentelemetry.(sdk-trace|otlp-transformer)/.test(url)) console.log('loaded ' + url);
      return next(url, context);
    },
  });
`)}`;

/** Processes apart, each with an exporter of its own, and one collector for all. */
describe('a trace', () => {
  let collector: OtlpReceiver;
  let deployment: LocalDeployment;
  const running = new Map<string, RunningProcess>();

  const start = async (name: string, more: Record<string, string> = {}) => {
    const described = deployment.processes.get(name) as Process;
    const { PASSWORD_PEPPER_FILE: _file, ...environment } = described.environment;
    const pepper = name.startsWith('auth-') && { PASSWORD_PEPPER: inject('testCluster').pepper };
    const process = RunningProcess.of({
      ...described,
      environment: { ...environment, NODE_ENV: 'test', ...pepper, ...more },
    });
    running.set(name, process);
    await process.waitUntilReady();
  };
  const ask = (
    query: string,
    variables: Record<string, unknown>,
    headers: Record<string, string> = {},
    at = 'gateway-graph',
  ) => postGraphql(`${running.get(at)?.url}/graphql`, { query, variables }, { headers });
  const spansOf = (id: string) => collector.spans.filter((span) => span.traceId === id);
  /** All of a trace, once each of the services has sent its own. */
  const traceOf = async (id: string, services: readonly string[]): Promise<ReceivedSpan[]> => {
    const complete = () => {
      const servers = spansOf(id).filter(({ kind }) => kind === 'server');
      return [...new Set(servers.map(({ service }) => service))].sort();
    };
    await expect.poll(complete).toEqual([...services].sort());
    return spansOf(id);
  };
  const childrenOf = (spans: readonly ReceivedSpan[], parent: ReceivedSpan | undefined) =>
    spans.filter(({ parentSpanId }) => parentSpanId === parent?.spanId);

  beforeAll(async () => {
    collector = await startOtlpReceiver();
    deployment = await createLocalDeployment(
      {
        DEFAULT_TENANT: 'demo',
        STAFF_MFA: 'optional',
        SHUTDOWN_DRAIN_MS: '0',
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_TRACES_SAMPLER: 'parentbased_always_off',
        OTEL_BSP_SCHEDULE_DELAY: '100',
      },
      async () => ({ ...(await createSeededDatabase()), passwords: inject('testCluster').passwords }),
    );
    await Promise.all([
      start('auth-user', { OTEL_EXPORTER_OTLP_ENDPOINT: '', NODE_OPTIONS: reportLoading }),
      start('auth-portal'),
    ]);
    await Promise.all([
      start('portal'),
      start('gateway-graph', { TRUSTED_PROXIES: '127.0.0.1/32', NODE_OPTIONS: reportLoading }),
      start('gateway-user', { TRUSTED_PROXIES: '' }),
    ]);
  });
  afterAll(async () => {
    for (const process of running.values()) process.kill();
    await collector?.stop();
    await deployment?.remove();
  });

  let token: string;
  it('of a sign-in shows the wait for the password and its SQL, and neither password, token nor address', async () => {
    const { body } = await ask(signIn, { input: staff }, { traceparent });
    expect(body.errors).toBeUndefined();
    token = body.data.portalLogin.accessToken;
    const spans = await traceOf(traceId, ['signet-gateway-graph', 'signet-auth-portal']);
    const [root] = spans.filter(({ parentSpanId }) => parentSpanId === spanId);
    expect(root).toMatchObject({ service: 'signet-gateway-graph', name: 'mutation', kind: 'server' });
    const inAuth = spans.filter(({ service }) => service === 'signet-auth-portal');
    const [server] = inAuth.filter(({ kind }) => kind === 'server');
    const below = childrenOf(inAuth, server).map(({ name }) => name);
    expect(below).toContain('compare a password');
    expect(below).toContain('INSERT auth.portal_session');
    expect(below).toContain('COMMIT');
    const written = JSON.stringify(collector.spans);
    for (const secret of [staff.password, staff.email, token]) expect(written).not.toContain(secret);
  });

  it('goes from the traceparent of a trusted proxy through gateway, plan and fetches to the SQL of two subgraphs', async () => {
    const id = '11112222333344445555666677778888';
    const headers = {
      traceparent: `00-${id}-${spanId}-01`,
      tracestate: 'vendor=1',
      authorization: `Bearer ${token}`,
      'graphql-client-name': 'console',
      'graphql-client-version': '2.1',
    };
    const { body } = await ask(customers, { first: 3 }, headers);
    expect(body.errors).toBeUndefined();
    expect(body.data.portalMe.email).toBe(staff.email);
    const spans = await traceOf(id, ['signet-gateway-graph', 'signet-portal', 'signet-auth-portal']);
    const [root] = spans.filter(({ parentSpanId }) => parentSpanId === spanId);
    expect(root).toMatchObject({
      service: 'signet-gateway-graph',
      name: 'query',
      kind: 'server',
      isFailed: false,
      attributes: {
        'graphql.operation.type': 'query',
        'graphql.operation.name': 'Customers',
        'http.request.method': 'POST',
        'http.response.status_code': 200,
        'signet.client.name': 'console',
        'signet.client.version': '2.1',
        'signet.outcome': 'ok',
      },
    });
    const belowRoot = childrenOf(spans, root);
    expect(belowRoot.map(({ name }) => name)).toContain('plan an operation');
    for (const subgraph of ['portal', 'auth']) {
      const [fetch] = belowRoot.filter(({ name }) => name === `POST ${subgraph}`);
      expect(fetch).toMatchObject({ kind: 'client', attributes: { 'http.response.status_code': 200 } });
      const [server] = childrenOf(spans, fetch);
      expect(server).toMatchObject({ kind: 'server', name: 'query' });
      expect(server?.service).toBe(subgraph === 'auth' ? 'signet-auth-portal' : 'signet-portal');
      expect(server?.attributes['signet.request.id']).toBe(root?.attributes['signet.request.id']);
      const [statement] = childrenOf(spans, server).filter(({ name }) => name.startsWith('SELECT'));
      expect(statement).toMatchObject({ kind: 'client', attributes: { 'db.system.name': 'postgresql' } });
      expect(String(statement?.attributes['db.query.text'])).toMatch(/\$1/);
    }
    const known = new Set([spanId, ...spans.map((span) => span.spanId)]);
    expect(spans.filter(({ parentSpanId }) => !known.has(parentSpanId))).toEqual([]);
  });

  it('is the same in the fast lane, without a plan; and a refusal has one as well', async () => {
    const headers = (id: string) => ({
      traceparent: `00-${id}-${spanId}-01`,
      authorization: `Bearer ${token}`,
    });
    const [fast, refused] = ['aaaabbbbccccddddaaaabbbbccccdddd', 'ffffeeeeddddccccffffeeeeddddcccc'];
    await ask(customers, { first: 3 }, headers(fast));
    const spans = await traceOf(fast, ['signet-gateway-graph', 'signet-portal', 'signet-auth-portal']);
    const [root] = spans.filter(({ parentSpanId }) => parentSpanId === spanId);
    expect(root?.attributes['signet.lane']).toBe('fast');
    expect(childrenOf(spans, root).map(({ name }) => name)).not.toContain('plan an operation');
    await ask(customers, {}, { ...headers(refused), authorization: 'Bearer nonsense' });
    const [refusal] = await traceOf(refused, ['signet-gateway-graph']);
    expect(refusal).toMatchObject({
      name: 'GraphQL Operation',
      isFailed: false,
      attributes: { 'http.response.status_code': 401, 'signet.outcome': 'refused' },
    });
  });

  it('of a stranger is not recorded, whatever its flag says; its id stands in the log', async () => {
    const id = 'dddd1111222233334444555566667777';
    const headers = { traceparent: `00-${id}-${spanId}-01` };
    await ask('{ __typename }', {}, headers, 'gateway-user');
    const ended = await running.get('gateway-user')?.stop();
    expect(ended).toMatchObject({ code: 0, output: expect.stringContaining(`"traceId":"${id}"`) });
    expect(spansOf(id)).toEqual([]);
  });

  it('that can not be sent is said once, and requests are served on', async () => {
    await collector.stop();
    for (let count = 0; count < 20; count += 1) {
      const { body } = await ask(customers, { first: 3 }, { traceparent, authorization: `Bearer ${token}` });
      expect(body.errors).toBeUndefined();
    }
    const said = /traces cannot be sent/g;
    await expect.poll(() => running.get('gateway-graph')?.output).toMatch(said);
    const ended = await running.get('gateway-graph')?.stop();
    expect(ended?.code).toBe(0);
    expect(ended?.seconds).toBeLessThan(5);
    expect(ended?.output.match(said)).toHaveLength(1);
    expect(ended?.output).toContain('loaded ');
  });

  it('and signet usage says from the database which client asked for which field, after the gateway has stopped', async () => {
    const usage = async (...words: string[]) => {
      const described = deployment.processes.get('auth-user') as Process;
      const command = ['node', 'cli/bin/signet.mjs', 'usage', ...words, '--json'];
      const { code, output } = await RunningProcess.of({ ...described, command }).finish();
      expect([code, output]).toEqual([0, expect.anything()]);
      return JSON.parse(output.slice(output.search(/^[[{]/m)));
    };
    const rows = await usage('Query.portalMe');
    expect(rows).toContainEqual(
      expect.objectContaining({ client: 'console', version: '2.1', entrance: 'graph', count: 1 }),
    );
    expect(rows).toContainEqual(expect.objectContaining({ client: '', entrance: 'graph', count: 21 }));
    const unused: { coordinate: string }[] = await usage('--unused');
    const coordinates = unused.map(({ coordinate }) => coordinate);
    expect(coordinates).toContain('Query.portalHealth');
    for (const used of ['Query.portalMe', 'Mutation.portalLogin', 'SupportNote.author'])
      expect(coordinates).not.toContain(used);
  });

  it('costs a process without an endpoint nothing: it loads nothing of it', async () => {
    const ended = await running.get('auth-user')?.stop();
    expect(ended?.code).toBe(0);
    expect(ended?.output).not.toContain('loaded ');
  });
});
