import { request } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import { createLogger } from './logger.ts';
import { openProcessMetrics, type ProcessMetrics } from './process-metrics.ts';

let opened: ProcessMetrics | undefined;
afterEach(() => opened?.stop());

/** The status of a GET, under a name that a page may have bound to this machine. */
function ask(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.once('error', reject).end();
  });
}

it('on loopback shows nothing under the name of another host: no metrics, no page, no reasons', async () => {
  opened = await openProcessMetrics(
    { METRICS_PORT: 0, HOST: '127.0.0.1', ALLOWED_HOSTS: ['shop.example'] },
    { logger: createLogger('test', 'silent') },
  );
  const { url, addPage } = opened as ProcessMetrics;
  addPage('/usage', () => ({}));
  for (const path of ['/metrics', '/usage', '/health/live', '/health/ready', '/health/started']) {
    expect([path, await ask(`${url}${path}`, 'rebound.example')]).toEqual([path, 421]);
    expect([path, await ask(`${url}${path}`, 'localhost:9464')]).not.toEqual([path, 421]);
    expect([path, await ask(`${url}${path}`, 'shop.example')]).not.toEqual([path, 421]);
  }
});
