import type { ComposeFile, Service } from './compose-file.test-support.ts';
import { type Image, readImages } from './dockerfile.test-support.ts';

/** A service that runs one of our images. */
export type Process = {
  name: string;
  target: string;
  service: Service;
  image: Image;
  /** The image's variables under the service's. */
  environment: Record<string, string>;
  command: string[];
};

/** Every service of ours: all but PostgreSQL. */
export function readProcesses(compose: ComposeFile): Process[] {
  const images = readImages();
  return Object.entries(compose.services).flatMap(([name, service]) => {
    if (!service.build) return [];
    const { target } = service.build;
    const image = images.get(target);
    if (!image) throw new Error(`${name}: the Dockerfile has no target ${target}`);
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

/** The environment with secrets taken from a folder instead of the container's mount. */
export function withSecretsFrom(
  folder: string,
  environment: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, value.replace(secretsMount, `${folder}/`)]),
  );
}
