import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { oauthPath } from '@signet/schema/contract';
import { createTestGateway } from '@signet/testing';
import { type OtlpReceiver, startOtlpReceiver } from '@signet/testing/otlp-receiver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCustomer } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { mailSettings } from '../testing/mails.test-support.ts';
import { startTestSmtp, type TestSmtp } from '../testing/smtp.test-support.ts';
import { newFrontend, writeProviders } from '../testing/upstream.test-support.ts';

const patience = { timeout: 30_000 };
const parentId = '00f067aa0ba902b7';

/** An identity provider that gives its metadata alone, and keeps the headers of who asked. */
async function startProvider() {
  const asked: (string | undefined)[] = [];
  const server = createServer(({ headers }, res) => {
    asked.push(headers.traceparent as string | undefined);
    const { tracestate } = headers;
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const metadata = {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
    };
    res
      .writeHead(tracestate ? 500 : 200, { 'content-type': 'application/json' })
      .end(JSON.stringify(metadata));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { issuer, asked, stop: () => void server.close() };
}

let collector: OtlpReceiver;
let smtp: TestSmtp;
let provider: Awaited<ReturnType<typeof startProvider>>;
let auth: TestAuth;
beforeAll(async () => {
  collector = await startOtlpReceiver();
  smtp = await startTestSmtp();
  provider = await startProvider();
  auth = await startTestAuth({
    ...mailSettings,
    MAIL_URL: smtp.url,
    PROVIDERS_FILE: await writeProviders([
      { name: 'idp', platform: 'user', issuer: provider.issuer, domains: ['example.com'] },
    ]),
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    // What the gateway has decided to record, and nothing else.
    OTEL_TRACES_SAMPLER: 'parentbased_always_off',
    OTEL_BSP_SCHEDULE_DELAY: '100',
  });
});
afterAll(async () => {
  await auth?.stop();
  provider?.stop();
  await smtp?.stop();
  await collector?.stop();
});

const spansOf = (traceId: string) => collector.spans.filter((span) => span.traceId === traceId);
const post = async (path: string, content: object, headers: Record<string, string>) => {
  const url = new URL(path, auth.url).href;
  const body = JSON.stringify(content);
  const proof = createTestGateway({ recipient: 'auth', entrance: 'graph' }).headersOf({ url, body });
  const response = await fetch(url, { method: 'POST', headers: { ...proof, ...headers }, body });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

describe('a trace', () => {
  it('goes from the question of an entrance for an OAuth route to the identity provider', async () => {
    const id = '11112222333344445555666677778888';
    const query = new URLSearchParams({
      code_challenge: newFrontend().challenge,
      code_challenge_method: 'S256',
    });
    const question = { platform: 'user', route: 'start', provider: 'idp', query: query.toString() };
    const { body } = await post(oauthPath, question, {
      traceparent: `00-${id}-${parentId}-01`,
      tracestate: 'vendor=1',
    });
    expect(body.status).toBe(303);
    await expect.poll(() => spansOf(id).some(({ kind }) => kind === 'server'), patience).toBe(true);
    const [server] = spansOf(id).filter(({ kind }) => kind === 'server');
    expect(server).toMatchObject({
      name: 'oauth start',
      parentSpanId: parentId,
      isFailed: false,
      attributes: { 'signet.platform': 'user', 'signet.provider': 'idp', 'signet.oauth.status': 303 },
    });
    const [fetched] = spansOf(id).filter(({ name }) => name === 'GET provider');
    expect(fetched).toMatchObject({
      kind: 'client',
      parentSpanId: server?.spanId,
      attributes: {
        'http.request.method': 'GET',
        'http.response.status_code': 200,
        'server.address': '127.0.0.1',
      },
    });
    expect(provider.asked).toEqual([`00-${id}-${fetched?.spanId}-01`]);
  });

  it('of a refused OAuth request says so, and one that is not recorded leaves nothing', async () => {
    const [id, other] = ['aaaabbbbccccddddaaaabbbbccccdddd', 'ffffeeeeddddccccffffeeeeddddcccc'];
    const ask = (traceId: string, flags: string) =>
      post(
        oauthPath,
        { platform: 'user', route: 'token', body: '' },
        { traceparent: `00-${traceId}-${parentId}-${flags}` },
      );
    await ask(other, '00');
    const { body } = await ask(id, '01');
    await expect
      .poll(() => spansOf(id), patience)
      .toMatchObject([{ name: 'oauth token', attributes: { 'signet.oauth.status': body.status } }]);
    expect(body.status).toBeGreaterThanOrEqual(400);
    expect(spansOf(other)).toEqual([]);
  });

  it('goes from the request that asks for a mail to the attempt to send it', async () => {
    const id = '99992222333344445555666677778888';
    const customer = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
    const asked = { query: `mutation { requestPasswordReset(input: { email: "${customer.email}" }) }` };
    const { body } = await post('/graphql', asked, { traceparent: `00-${id}-${parentId}-01` });
    expect(body.errors).toBeUndefined();
    await expect.poll(() => spansOf(id).map(({ name }) => name), patience).toContain('send a mail');
    expect(smtp.taken.map(({ to }) => to)).toContain(customer.email);
    const [sent] = spansOf(id).filter(({ name }) => name === 'send a mail');
    expect(sent).toMatchObject({
      isFailed: false,
      attributes: {
        'signet.mail.attempt': 1,
        'signet.mail.template': 'reset-password',
        'signet.tenant': auth.tenants.demo,
      },
    });
    await expect.poll(() => spansOf(id).map(({ spanId }) => spanId), patience).toContain(sent?.parentSpanId);
    expect(JSON.stringify(collector.spans)).not.toContain(customer.email);
  });
});
