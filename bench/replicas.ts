// How much more two replicas of each process answer than one, and what a request costs in each case.
// npm run bench -- bench/replicas.ts [seconds] [share of a core]
//
// A machine with few cores cannot give each process one, so each replica gets the same small share of the processor (cgroup v1 or v2, as
// root on Linux); what is left is for PostgreSQL, the balancers and the load. Where no share can be set, only the costs are shown. `taskset`
// would not do: replicas that share a core have no more of it than one.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createReplicatedDeployment,
  type ReplicatedDeployment,
  replicaCount,
} from '../deploy/replicas/replicated-deployment.test-support.ts';
import type { RunningProcess } from '../deploy/running-process.test-support.ts';
import { runLoad } from './compare/load.ts';
import { createPost } from './support/measure.ts';

const seconds = Number(process.argv[2] ?? 10);
/** Of one core, for each replica. The slowest process of a request has to be at its limit long before the machine is. */
const share = Number(process.argv[3] ?? 0.1);
const periodUs = 50_000;
const leastGain = 1.8;
const connections = 128;
const rounds = 3;
const warmUpSeconds = 3;
/** One alone gets half of what a process has at most. */
const customers = 8;
const password = 'a bicycle made of glass';
const register = 'mutation ($input: RegisterInput!) { register(input: $input) { accessToken } }';
const query = '{ me { id email } }';

/** How each version of cgroups says so much of a core. */
const controllers = [
  {
    root: '/sys/fs/cgroup/cpu',
    files: { 'cpu.cfs_period_us': periodUs, 'cpu.cfs_quota_us': share * periodUs },
  },
  { root: '/sys/fs/cgroup', files: { 'cpu.max': `${share * periodUs} ${periodUs}` } },
];

const deployment = await createReplicatedDeployment({
  DEFAULT_TENANT_SELF_REGISTRATION: 'yes',
  LOG_LEVEL: 'warn',
  SHUTDOWN_DRAIN_MS: '300',
  THROTTLE_REGISTRATIONS: '100',
});
const group = openShares();
try {
  const migrated = await deployment.migrate();
  if (migrated.code !== 0) throw new Error(migrated.output);
  // What the query passes: an entrance and auth of customers. The others only have to be there.
  const measured = ['gateway-user', 'auth-user'];
  await start(deployment, ['auth-portal', ...measured], 0);
  const url = `${deployment.urlOf('gateway-user')}/graphql`;
  const post = createPost(url);
  const body = JSON.stringify({ query });
  const callers = await Promise.all(
    Array.from({ length: customers }, async (_, index) => {
      const input = { email: `person${index}@example.com`, password };
      const { data } = (await post(register, { input })) as { data: { register: { accessToken: string } } };
      const headers = { authorization: `Bearer ${data.register.accessToken}` };
      const asked = await fetch(url, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json', accept: 'application/json' },
        body,
      });
      return { headers, answer: await asked.text() };
    }),
  );
  await start(deployment, measured, 1);
  const replicas = measured.map((name) => deployment.services.get(name)?.replicas as RunningProcess[]);
  for (const one of replicas.flat()) group?.limit(one.pid);
  const measure = async (count: number) => {
    for (const name of measured) deployment.services.get(name)?.balancer.use(count === 1 ? 0 : 'all');
    const order = {
      port: Number(new URL(url).port),
      path: '/graphql',
      requests: callers.map(({ headers }, answer) => ({ headers, body, answer })),
      answers: callers.map(({ answer }) => answer),
      connections,
    };
    await runLoad({ ...order, seconds: warmUpSeconds });
    const before = cpuSeconds(replicas.flat());
    const result = await runLoad({ ...order, seconds });
    if (result.wrong > 0) throw new Error(`a wrong answer: ${result.example}`);
    const used = cpuSeconds(replicas.flat()) - before;
    return { perSecond: result.answered / result.seconds, cpuUs: (used / result.answered) * 1e6 };
  };
  const results: { one: Awaited<ReturnType<typeof measure>>; two: Awaited<ReturnType<typeof measure>> }[] =
    [];
  for (let round = 0; round < rounds; round += 1) {
    results.push({ one: await measure(1), two: await measure(replicaCount) });
  }
  const best = (count: 'one' | 'two') => Math.max(...results.map((result) => result[count].perSecond));
  const cost = (count: 'one' | 'two') => Math.min(...results.map((result) => result[count].cpuUs));
  const gain = best('two') / best('one');
  const limit = group ? `${share * 100} % of a core each` : 'no limit: the cores are the limit';
  console.log(`${cpus().length} cores; gateway and auth of customers, ${limit}; ${query}`);
  for (const count of ['one', 'two'] as const) {
    console.log(
      `${count}: ${best(count).toFixed(0)} requests a second, ${cost(count).toFixed(0)} µs of CPU a request`,
    );
  }
  console.log(`two give ${gain.toFixed(2)} times as much`);
  if (group && gain < leastGain) {
    console.error(`less than ${leastGain} times as much`);
    process.exitCode = 1;
  }
} finally {
  await deployment.remove();
  group?.close();
}

async function start({ services }: ReplicatedDeployment, names: readonly string[], replica: number) {
  const started = names.map((name) => services.get(name)?.start(replica));
  await Promise.all(started.map((one) => one?.waitUntilReady()));
  for (const name of names) {
    while (!services.get(name)?.balancer.hasReady(replica + 1)) await sleep(50);
  }
}

/** Of processes with all their threads, by Linux's count in hundredths of a second. */
function cpuSeconds(processes: readonly RunningProcess[]): number {
  return processes.reduce((sum, { pid }) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return sum + (Number(fields[11]) + Number(fields[12])) / 100;
  }, 0);
}

/** Gives each process a share of the processor of its own. Undefined where this account or system cannot. */
function openShares(): { limit(pid: number): void; close(): void } | undefined {
  const folders: string[] = [];
  const open = (root: string, name: string) => {
    const folder = `${root}/signet-bench-${name}`;
    mkdirSync(folder);
    folders.push(folder);
    return folder;
  };
  const controller = controllers.find(({ root, files }) => {
    try {
      const folder = open(root, 'try');
      return Object.keys(files).every((file) => existsSync(`${folder}/${file}`));
    } catch {
      return false;
    }
  });
  const close = () => {
    for (const folder of folders) rmdirSync(folder);
  };
  if (!controller) return void close();
  return {
    close,
    limit(pid) {
      const folder = open(controller.root, String(pid));
      const files = Object.entries({ ...controller.files, 'cgroup.procs': pid });
      for (const [file, value] of files) writeFileSync(`${folder}/${file}`, String(value), { flag: 'r+' });
    },
  };
}
