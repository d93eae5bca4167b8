// What metrics, request lines, usage and sampled traces cost the whole platform: npm run bench -- bench/telemetry-shop.ts [rounds]
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startLoadClient } from './compare/load-client.ts';
import { sampleRounds } from './compare/measure-operation.ts';
import { shopOperations } from './compare/operations.ts';
import { stopAll } from './compare/pinned-process.ts';
import { median, type Sample } from './compare/results.ts';
import { type Shop, startShop } from './compare/start-shop.ts';
import { findFreePort } from './support/start-auth.ts';

/** Short, and many: the machine's speed changes from one minute to the next. */
const rounds = { count: Number(process.argv[2] ?? 15), seconds: 2, warmUpSeconds: 8, connections: 16 };

const collector = createServer((request, response) => void request.resume().on('end', () => response.end()));
await once(collector.listen(0, '127.0.0.1'), 'listening');
const { port: collectorPort } = collector.address() as AddressInfo;
/** The platform's process has metrics in both, as `npm start` always has. */
const off = { LOG_REQUESTS: 'none', FIELD_USAGE: 'no' };
const traced = {
  OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collectorPort}`,
  OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
};
const metricsPort = await findFreePort();
const on = { LOG_REQUESTS: 'all', LOG_LEVEL: 'info', FIELD_USAGE: 'yes', ...traced };
const scraping = setInterval(() => {
  fetch(`http://127.0.0.1:${metricsPort}/metrics`)
    .then((answer) => answer.text())
    .catch(() => {});
}, 1000);
const client = startLoadClient();
const shops: Shop[] = [];
try {
  const offShop = await startShop({ platform: off, gateway: off });
  shops.push(offShop);
  const onShop = await startShop({
    platform: on,
    gateway: { ...on, METRICS_PORT: String(metricsPort) },
  });
  shops.push(onShop);
  for (const operation of shopOperations) {
    // One round of one shop at a time: each has tokens of its own.
    const measure = async (shop: Shop, warmUpSeconds: number): Promise<Sample> => {
      const pids = [shop.gateway.pid, shop.subgraphs.pid];
      const running = { name: 'shop', port: shop.port, path: '/graphql', pids };
      const { tokens } = shop;
      const one = { ...rounds, warmUpSeconds, count: 1 };
      const found = await sampleRounds(operation, [running], { tokens, client, rounds: one });
      return found.get('shop')?.[0] as Sample;
    };
    for (const shop of shops) await measure(shop, rounds.warmUpSeconds);
    const without: Sample[] = [];
    const having: Sample[] = [];
    for (let round = 0; round < rounds.count; round += 1) {
      without.push(await measure(offShop, 0.2));
      having.push(await measure(onShop, 0.2));
    }
    const show = (name: string, samples: readonly Sample[]) => {
      const rps = median(samples.map((sample) => sample.rps)).toFixed(0);
      const cpuUs = median(samples.map((sample) => sample.cpuUs)).toFixed(0);
      console.log(`  ${name}: ${rps} requests/s, ${cpuUs} µs CPU of all Node processes`);
    };
    const change = (read: (sample: Sample) => number) => {
      const shares = having.map((sample, round) => read(sample) / read(without[round] as Sample) - 1);
      return `${(100 * median(shares)).toFixed(1)} %`;
    };
    console.log(`${operation.name}, medians of ${rounds.count} rounds in turns:`);
    show('off', without);
    show('on', having);
    console.log(
      `  on against off, by round: ${change(({ rps }) => rps)} requests/s, ${change(({ cpuUs }) => cpuUs)} CPU`,
    );
  }
} finally {
  clearInterval(scraping);
  for (const shop of shops) await shop.stop();
  await client.stop();
  await stopAll();
  collector.closeAllConnections();
  collector.close();
}
