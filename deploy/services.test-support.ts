import type { ComposeFile, Mount, Service } from './compose-file.test-support.ts';
import { type Image, readImages, withArguments } from './dockerfile.test-support.ts';

/** A service that runs one of our images. */
export type Process = {
  name: string;
  /** The subgraph that it runs, `gateway` or `migrate`. */
  target: string;
  service: Service;
  image: Image;
  /** The image's variables under the service's. */
  environment: Record<string, string>;
  command: string[];
};

/** Every service of ours: all but PostgreSQL. */
export function readProcesses(compose: ComposeFile, tree?: string): Process[] {
  const images = readImages(tree);
  return Object.entries(compose.services).flatMap(([name, service]) => {
    if (!service.build) return [];
    const { target: stage, args } = service.build;
    const built = images.get(stage);
    if (!built) throw new Error(`${name}: the Dockerfile has no target ${stage}`);
    const image = withArguments(built, args);
    const target = args?.SUBGRAPH ?? stage;
    const environment = { ...image.env, ...service.environment };
    return [{ name, target, service, image, environment, command: service.command ?? image.command }];
  });
}

/** The variable that says where a process listens: a gateway's is named after its entrance. */
export function portVariableOf({ ENTRANCES }: Readonly<Record<string, string>>): string {
  return ENTRANCES ? `${ENTRANCES.toUpperCase()}_PORT` : 'PORT';
}

export function portOf(environment: Readonly<Record<string, string>>): number {
  return Number(environment[portVariableOf(environment)]);
}

export const secretsMount = '/run/secrets/';

/** Where a service finds its own proof key, and everybody's public ones. */
export const proofMounts = { key: '/run/proof/key', peers: '/run/proof/peers' };

/** The service's environment with secrets and proof keys taken from a folder instead of the container's mounts. */
export function withSecretsFrom(
  folder: string,
  environment: Readonly<Record<string, string>>,
  mounts: readonly Mount[] = [],
): Record<string, string> {
  const onHost = (path: string) => {
    const mount = mounts.find(({ target }) => path.startsWith(`${target}/`));
    return mount ? path.replace(mount.target, mount.source.replace('./deploy/secrets', folder)) : path;
  };
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      onHost(value.replace(secretsMount, `${folder}/`)),
    ]),
  );
}

/** The folders that a service mounts; a volume of the engine's is none. */
export function mountsOf({ volumes = [] }: Service): Mount[] {
  return volumes.filter((volume) => typeof volume !== 'string');
}
