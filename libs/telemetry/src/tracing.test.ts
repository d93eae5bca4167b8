import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import type { Worker } from 'node:worker_threads';
import { type OtlpReceiver, startOtlpReceiver } from '@signet/testing/otlp-receiver';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { openTracing, type Tracing, tracingConfigFields } from './tracing.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const traceparent = (flags: string) => `00-${traceId}-${spanId}-${flags}`;

let receiver: OtlpReceiver;
const lines: string[] = [];
const log = {
  info: (_: object, message: string) => void lines.push(message),
  warn: (_: object, message: string) => void lines.push(message),
};

beforeEach(async () => {
  receiver = await startOtlpReceiver();
  lines.length = 0;
});
afterEach(() => receiver.stop());

const read = (env: Record<string, string>) => z.object(tracingConfigFields).parse(env);

async function open(env: Record<string, string> = {}): Promise<Tracing> {
  const config = read({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_TRACES_SAMPLER: 'always_on',
    OTEL_BSP_SCHEDULE_DELAY: '100',
    ...env,
  });
  const tracing = await openTracing(config, { serviceName: 'test', log, exportTimeoutMs: 1000 });
  if (!tracing) throw new Error('There is no tracing.');
  onTestFinished(() => tracing.stop());
  return tracing;
}

describe('a recorded request', () => {
  it('is exported under the trace of its sender, with what follows from it below', async () => {
    const tracing = await open({
      OTEL_RESOURCE_ATTRIBUTES: 'a=b',
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=my%20key',
    });
    const request = tracing.startRequest(
      { headers: { traceparent: traceparent('01') }, isTrusted: true },
      { one: 1 },
    );
    const fetch = request.child('fetch', 'client');
    expect(fetch.traceparent).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
    fetch.fail('timeout');
    fetch.end();
    request.rename('query');
    request.set('half', 0.5);
    request.end();
    await tracing.stop();
    const [child, parent] = receiver.spans;
    expect(parent).toMatchObject({
      traceId,
      parentSpanId: spanId,
      name: 'query',
      kind: 'server',
      service: 'test',
    });
    expect(parent).toMatchObject({ isFailed: false, attributes: { one: 1, half: 0.5 } });
    expect(child).toMatchObject({ traceId, parentSpanId: parent?.spanId, kind: 'client', isFailed: true });
    expect(child?.attributes).toEqual({ 'error.type': 'timeout' });
    expect(fetch.traceparent).toContain(child?.spanId);
    expect(receiver.requests[0]).toMatchObject({ 'api-key': 'my key' });
  });

  it.each([
    undefined,
    '',
    'x',
    traceparent('01').toUpperCase(),
    `ff${traceparent('01').slice(2)}`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
  ])('begins a trace of its own where the header is %s', async (header) => {
    const tracing = await open();
    const request = tracing.startRequest({
      headers: header === undefined ? {} : { traceparent: header },
      isTrusted: true,
    });
    expect(request.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect([traceId, '0'.repeat(32)]).not.toContain(request.traceId);
  });

  it('passes tracestate on for whom is trusted, and for nobody else', async () => {
    const tracing = await open();
    const headers = { traceparent: traceparent('01'), tracestate: 'vendor=1' };
    expect(tracing.startRequest({ headers, isTrusted: true }).child('a', 'client').tracestate).toBe(
      'vendor=1',
    );
    expect(
      tracing.startRequest({ headers, isTrusted: false }).child('a', 'client').tracestate,
    ).toBeUndefined();
    const long = { ...headers, tracestate: `a=${'b'.repeat(600)}` };
    expect(tracing.startRequest({ headers: long, isTrusted: true }).tracestate).toBeUndefined();
  });
});

describe('whether a request is recorded', () => {
  const isRecorded = async (env: Record<string, string>, flags: string | undefined, isTrusted: boolean) => {
    const tracing = await open(env);
    const headers = flags === undefined ? {} : { traceparent: traceparent(flags) };
    return tracing.startRequest({ headers, isTrusted }).isRecorded;
  };
  const none = { OTEL_TRACES_SAMPLER: 'parentbased_always_off' };
  const all = { OTEL_TRACES_SAMPLER: 'parentbased_always_on' };

  it('follows from the flag of a trusted sender', async () => {
    expect(await isRecorded(none, '01', true)).toBe(true);
    expect(await isRecorded(all, '00', true)).toBe(false);
  });

  it('does not follow from the flag of a stranger, whichever trace id they choose', async () => {
    expect(await isRecorded(none, '01', false)).toBe(false);
    expect(await isRecorded(all, '00', false)).toBe(true);
    const tracing = await open({
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.1',
    });
    for (const id of [`${'0'.repeat(31)}1`, 'f'.repeat(32)]) {
      const headers = { traceparent: `00-${id}-${spanId}-01` };
      const recorded = Array.from(
        { length: 4000 },
        () => tracing.startRequest({ headers, isTrusted: false }).isRecorded,
      );
      const share = recorded.filter(Boolean).length / recorded.length;
      expect(share).toBeGreaterThan(0.05);
      expect(share).toBeLessThan(0.2);
    }
  });

  it('is 1 in 100 by default', () => {
    expect(read({})).toMatchObject({
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: 0.01,
    });
  });

  it('leaves the ids of one that is not, for the logs of several processes', async () => {
    const tracing = await open({ OTEL_TRACES_SAMPLER: 'always_off' });
    const request = tracing.startRequest({ headers: { traceparent: traceparent('01') }, isTrusted: true });
    expect(request.child('a', 'client').traceparent).toBe(traceparent('00'));
    expect(tracing.startRequest({ headers: {}, isTrusted: true }).traceparent).toMatch(
      /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/,
    );
    request.end();
    await tracing.stop();
    expect(receiver.requests).toEqual([]);
  });
});

describe('a collector that', () => {
  const span = (tracing: Tracing) => tracing.startWork('work').end();

  it('refuses: said once; and once when it takes spans again, with the number lost', async () => {
    const tracing = await open();
    receiver.answer = 400;
    for (const _ of [1, 2, 3]) {
      const before = receiver.requests.length;
      span(tracing);
      await expect.poll(() => receiver.requests.length).toBeGreaterThan(before);
    }
    await expect.poll(() => lines).toHaveLength(1);
    expect(lines[0]).toContain('OTEL_EXPORTER_OTLP_ENDPOINT');
    receiver.answer = 200;
    span(tracing);
    await expect.poll(() => lines).toEqual([lines[0], 'traces are sent again']);
  });

  it('is busy for a moment gets the spans again, and nothing is lost', async () => {
    const tracing = await open();
    receiver.answer = 503;
    span(tracing);
    await expect.poll(() => receiver.requests.length).toBe(1);
    receiver.answer = 200;
    await expect.poll(() => receiver.spans.length).toBe(1);
    expect(lines).toEqual([]);
  });

  it('is sent to by a thread: where that ends, its spans are lost and said so, and the next ones are sent by another', async () => {
    const threads: Worker[] = [];
    const keep = (thread: Worker) => void threads.push(thread);
    process.on('worker', keep);
    onTestFinished(() => void process.off('worker', keep));
    const tracing = await open();
    receiver.answer = undefined;
    span(tracing);
    await expect.poll(() => receiver.asked).toBe(1);
    await threads[0]?.terminate();
    await expect.poll(() => lines).toHaveLength(1);
    receiver.answer = 200;
    span(tracing);
    await expect.poll(() => lines).toEqual([lines[0], 'traces are sent again']);
    expect([threads.length, receiver.spans.length]).toEqual([2, 1]);
  });

  it('is not there: said once, and a stop does not wait for it', async () => {
    const closed = createServer().listen(0);
    const { port } = closed.address() as { port: number };
    closed.close();
    const tracing = await open({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
    span(tracing);
    await expect.poll(() => lines).toHaveLength(1);
    span(tracing);
    await tracing.stop();
    expect(lines).toHaveLength(1);
  });

  it('never answers: the queue stays bounded, more is dropped and said once, and a stop ends in time', async () => {
    receiver.answer = undefined;
    const tracing = await open();
    for (let count = 0; count < 10_000; count += 1) span(tracing);
    expect(lines).toHaveLength(1);
    const began = performance.now();
    await tracing.stop();
    expect(performance.now() - began).toBeLessThan(4000);
  });
});

it('loads nothing of OpenTelemetry without an endpoint', () => {
  const script = `
    import { createRequire, registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
    const { openTracing, tracingConfigFields } = await import(${JSON.stringify(import.meta.resolve('./tracing.ts'))});
    const { z } = await import('zod');
    const tracing = await openTracing(z.object(tracingConfigFields).parse({ ...process.env }), { serviceName: 'x', log: console });
    const count = loaded.filter((url) => url.includes('@opentelemetry')).length;
    console.log(JSON.stringify([tracing === undefined, count > 0]));
    await tracing?.stop();
  `;
  const run = (env: Record<string, string>) =>
    JSON.parse(
      execFileSync(process.execPath, ['--input-type=module', '-e', script], {
        cwd: import.meta.dirname,
        env: { PATH: process.env.PATH, ...env },
        encoding: 'utf8',
      }),
    );
  expect(run({})).toEqual([true, false]);
  expect(run({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })).toEqual([false, true]);
  expect(run({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_SDK_DISABLED: 'true' })).toEqual([
    true,
    false,
  ]);
});

it.each([
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'localhost:4318', /http or https URL/],
  ['OTEL_EXPORTER_OTLP_HEADERS', 'secret', /pairs/],
  ['OTEL_TRACES_SAMPLER', 'traceidratio', /parentbased_traceidratio/],
  ['OTEL_BSP_SCHEDULE_DELAY', '5', /100 to 60000/],
  ['OTEL_TRACES_SAMPLER_ARG', '2', /0 to 1/],
])('refuses %s=%s', (name, value, fault) => {
  expect(() => read({ [name]: value })).toThrow(fault);
});
