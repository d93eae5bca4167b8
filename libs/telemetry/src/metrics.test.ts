import { describe, expect, it } from 'vitest';
import { boundedLabel } from './bounded-label.ts';
import { createMetrics } from './metrics.ts';
import { readMetrics } from './read-metrics.ts';

const create = () => createMetrics({ version: '1.2.3', ofProcess: false, sampleMs: 50 });

describe('metrics of a process', () => {
  it('have one registry for several services, told apart by a label', async () => {
    const metrics = create();
    metrics.of('auth').counter('signet_token_cache_total', 'hit').inc();
    metrics.of('gateway').counter('signet_token_cache_total', 'hit').inc(2);
    metrics.of('gateway').histogram('signet_password_wait_seconds', 'user').observe(0.2);
    const { find, types } = readMetrics(await metrics.text());
    expect(find('signet_token_cache_total', { service: 'auth', result: 'hit' })).toBe(1);
    expect(find('signet_token_cache_total', { service: 'gateway' })).toBe(2);
    expect(find('signet_password_wait_seconds_bucket', { le: '0.1' })).toBe(0);
    expect(find('signet_password_wait_seconds_bucket', { le: '0.5' })).toBe(1);
    expect(find('signet_build_info', { version: '1.2.3' })).toBe(1);
    expect(types.get('signet_password_wait_seconds')).toBe('histogram');
  });

  it('count a value in each bucket whose bound it does not pass, beside sum and number', async () => {
    const metrics = create();
    const series = metrics.of('g').histogram('signet_password_wait_seconds', 'user');
    for (const value of [0, 0.0005, 0.0006, 10, 11]) series.observe(value);
    const { find } = readMetrics(await metrics.text());
    const buckets = ['0.0005', '0.001', '5', '10', '+Inf'].map((le) =>
      find('signet_password_wait_seconds_bucket', { service: 'g', platform: 'user', le }),
    );
    expect(buckets).toEqual([2, 3, 3, 4, 5]);
    expect(find('signet_password_wait_seconds_count')).toBe(5);
    expect(find('signet_password_wait_seconds_sum')).toBeCloseTo(21.0011, 6);
  });

  it('share no state with those of another process', async () => {
    create().of('a').counter('signet_token_cache_total', 'hit').inc();
    expect(await create().text()).not.toContain('signet_token_cache_total');
  });

  it('give back the same series each time, which begins at 0', async () => {
    const metrics = create();
    const one = metrics.of('a').counter('signet_token_cache_total', 'miss');
    expect(metrics.of('a').counter('signet_token_cache_total', 'miss')).toBe(one);
    expect(readMetrics(await metrics.text()).find('signet_token_cache_total')).toBe(0);
  });

  it('ask for sampled values at each scrape; one that fails or hangs takes no other along, and one that ended is gone', async () => {
    const metrics = create();
    let length = 3;
    const a = metrics.of('a');
    const end = a.sample('signet_planning_queue_length', () => [{ labels: [], value: length }]);
    a.sample('signet_ready', () => Promise.reject(new Error('no')));
    a.sample('signet_revocation_feed_age_seconds', () => new Promise(() => {}));
    const read = async () => readMetrics(await metrics.text());
    expect((await read()).find('signet_planning_queue_length')).toBe(3);
    length = 4;
    const second = await read();
    expect(second.find('signet_planning_queue_length')).toBe(4);
    expect([second.find('signet_ready'), second.find('signet_revocation_feed_age_seconds')]).toEqual([
      undefined,
      undefined,
    ]);
    end();
    expect((await read()).find('signet_planning_queue_length')).toBeUndefined();
  });

  it('take the largest where two parts show the same series', async () => {
    const metrics = create();
    for (const value of [0, 1, 0])
      metrics.of('g').sample('signet_circuit_open', () => [{ labels: ['user', 'auth'], value }]);
    expect(readMetrics(await metrics.text()).find('signet_circuit_open')).toBe(1);
  });

  it('write labels with any text in them so that they can be read again', async () => {
    const metrics = create();
    const text = 'a"b\\c\nd},e="f"';
    metrics.of('g').sample('signet_jwks_age_seconds', () => [{ labels: [text], value: 1 }]);
    expect(readMetrics(await metrics.text()).find('signet_jwks_age_seconds', { issuer: text })).toBe(1);
  });

  it('are read strictly: a broken line, a series twice and one without a type are faults', () => {
    for (const text of [
      'a_total 1',
      '# TYPE a counter\na{x=1} 1\n',
      '# TYPE a counter\na{x="1"} 1\na{x="1"} 2\n',
      'b 1\n',
      '# TYPE a counter\na x\n',
    ])
      expect(() => readMetrics(text), text).toThrow(SyntaxError);
  });
});

describe('a bounded label', () => {
  it('keeps the first texts, and calls all others by one name', () => {
    const label = boundedLabel(3, ['known']);
    expect(['a', 'b', 'c', 'a', 'known', 'd'].map(label)).toEqual(['a', 'b', 'other', 'a', 'known', 'other']);
  });

  it('has room for no more texts than its limit, however many are known', () => {
    expect(['x', 'y', 'z'].map(boundedLabel(2, ['x', 'y', 'z']))).toEqual(['x', 'y', 'other']);
  });
});
