import { findFreePorts } from '../../launcher/src/platform.test-support.ts';
import { createKillableDatabase, type KillableDatabase } from '../chaos/killable-database.test-support.ts';
import { createLocalDeployment } from '../local-deployment.test-support.ts';
import { RunningProcess } from '../running-process.test-support.ts';
import { type Process, portOf, portVariableOf } from '../services.test-support.ts';
import { Balancer } from './balancer.test-support.ts';

export const replicaCount = 2;

/** A service of docker-compose.yml, several times behind one address. */
export class ReplicatedService {
  readonly name: string;
  readonly balancer: Balancer;
  /** Under the ports that the balancer knows. Those that were never started are missing. */
  readonly replicas: RunningProcess[] = [];
  readonly #described: readonly Process[];

  constructor(described: readonly Process[], balancer: Balancer) {
    this.#described = described;
    this.name = (described[0] as Process).name;
    this.balancer = balancer;
  }

  start(replica: number): RunningProcess {
    const process = RunningProcess.of(this.#described[replica] as Process);
    this.replicas[replica] = process;
    return process;
  }
}

export type ReplicatedDeployment = {
  database: KillableDatabase;
  proofFolder: string;
  /** All but `migrate` and the entrance for developers, by name. */
  services: ReadonlyMap<string, ReplicatedService>;
  /** The address of a service: that of its balancer. */
  urlOf(service: string): string;
  /** The environment of a service, for a command of an operator's. */
  environmentOf(service: string): Record<string, string>;
  /** Runs `migrate`, or another command in its place. */
  migrate(command?: string[], input?: string): ReturnType<RunningProcess['finish']>;
  remove(): Promise<void>;
};

/** docker-compose.yml with each process twice, on a PostgreSQL of its own. No process is started yet. */
export async function createReplicatedDeployment(
  variables: Record<string, string>,
): Promise<ReplicatedDeployment> {
  const database = await createKillableDatabase({ isNear: true });
  const deployment = await createLocalDeployment(variables, async () => database);
  const described = [...deployment.processes.values()].filter(
    ({ name }) => name !== 'migrate' && name !== 'gateway-graph',
  );
  const get = (name: string) => deployment.processes.get(name) as Process;
  const services = new Map<string, ReplicatedService>();
  for (const process of described) {
    const ports = await findFreePorts(replicaCount);
    const replicas = ports.map((port, index) => ({
      ...process,
      name: `${process.name}-${index}`,
      environment: { ...process.environment, [portVariableOf(process.environment)]: String(port) },
    }));
    const urls = ports.map((port) => `http://127.0.0.1:${port}`);
    const balancer = await Balancer.listen(portOf(process.environment), urls);
    services.set(process.name, new ReplicatedService(replicas, balancer));
  }
  return {
    database,
    proofFolder: deployment.proofFolder,
    services,
    urlOf: (service) => `http://127.0.0.1:${portOf(get(service).environment)}`,
    environmentOf: (service) => get(service).environment,
    migrate: (command = get('migrate').command, input = '') =>
      RunningProcess.of({ ...get('migrate'), command }).finish(input),
    async remove() {
      const replicas = [...services.values()].flatMap((service) => service.replicas);
      for (const replica of replicas) replica?.kill();
      await Promise.all(replicas.map((replica) => replica?.finish()));
      await Promise.all([...services.values()].map(({ balancer }) => balancer.stop()));
      await deployment.remove();
    },
  };
}
