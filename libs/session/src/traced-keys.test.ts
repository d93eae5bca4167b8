import { createLogger } from '@signet/service';
import { openTracing, type Tracing, tracingConfigFields } from '@signet/telemetry/tracing';
import { type OtlpReceiver, startOtlpReceiver } from '@signet/testing/otlp-receiver';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { createSigningKey, serve, type TestServer } from './issuers/foreign-issuer.test-support.ts';
import { issuersSchema } from './issuers/issuers-schema.ts';
import { createTrustedIssuers } from './trusted-issuers.ts';

const logger = createLogger('test', 'silent');
const patience = { timeout: 30_000 };

let collector: OtlpReceiver;
let tracing: Tracing | undefined;
let issuer: TestServer;
const asked: { path: string; traceparent: unknown }[] = [];
beforeAll(async () => {
  collector = await startOtlpReceiver();
  const config = z.object(tracingConfigFields).parse({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_TRACES_SAMPLER: 'always_on',
    OTEL_BSP_SCHEDULE_DELAY: '100',
  });
  tracing = await openTracing(config, { serviceName: 'test', log: logger });
  const keys = { user: await createSigningKey('user'), listed: await createSigningKey('listed') };
  issuer = await serve((req, res) => {
    const path = req.url ?? '';
    asked.push({ path, traceparent: req.headers.traceparent });
    if (path === '/down') return void res.writeHead(503).end();
    const answer =
      path === '/metadata'
        ? { issuer: 'https://idp.example', jwks_uri: `${issuer.url}/listed` }
        : { keys: [path === '/listed' ? keys.listed.jwk : keys.user.jwk] };
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
});
afterAll(async () => {
  await tracing?.stop();
  await issuer.close();
  await collector.stop();
});

it('the keys of each issuer are fetched in a trace of its own, which goes on to the issuer', async () => {
  const issuers = await createTrustedIssuers(
    {
      ISSUER_URL: 'https://id.example',
      USER_JWKS_URL: `${issuer.url}/user`,
      PORTAL_JWKS_URL: `${issuer.url}/down`,
      JWKS_INSECURE: false,
    },
    logger,
    {
      tracing,
      list: {
        folder: '/',
        entries: issuersSchema.parse([
          {
            issuer: 'https://idp.example',
            platform: 'user',
            audience: 'shop',
            ids: 'derived',
            discovery: `${issuer.url}/metadata`,
          },
        ]),
      },
    },
  );
  await Promise.all(issuers.map(({ keys }) => keys.checkReady()));
  const roots = () => collector.spans.filter(({ name }) => name === 'fetch the keys of an issuer');
  await expect.poll(() => roots().length, patience).toBe(3);
  expect(new Set(roots().map(({ traceId }) => traceId)).size).toBe(3);
  const told = asked.map(({ path, traceparent }) => {
    const [, traceId, spanId] = String(traceparent).split('-');
    const span = collector.spans.find((one) => one.traceId === traceId && one.spanId === spanId);
    const root = roots().find((one) => one.traceId === traceId);
    return {
      path,
      name: span?.name,
      status: span?.attributes['http.response.status_code'],
      isBelow: span?.parentSpanId === root?.spanId,
      isFailed: [span?.isFailed, root?.isFailed],
    };
  });
  const fetched = (path: string) => ({
    path,
    name: 'GET keys',
    status: 200,
    isBelow: true,
    isFailed: [false, false],
  });
  expect(told.sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
    { path: '/down', name: 'GET keys', status: undefined, isBelow: true, isFailed: [true, true] },
    fetched('/listed'),
    fetched('/metadata'),
    fetched('/user'),
  ]);
});
