import { parse } from 'yaml';

type Image = { name: string; newName?: string; newTag?: string; digest?: string };

const fallback = { registry: 'registry.example.com/signet', newTag: '0.1.0' };

/** Images are called by what they hold: auth-user and auth-portal run one. */
export function imageNameOf(image: string): string {
  return `signet-${image}`;
}

/**
 * images/kustomization.yaml: where the images are. What the file says of an image stays. One that it lacks gets the registry and
 * the tag of the others; one of no process goes.
 */
export function writeImages(current: string, images: readonly string[]): string {
  const known: Image[] = parse(current)?.images ?? [];
  const registry = known[0]?.newName?.replace(/\/[^/]+$/, '') ?? fallback.registry;
  // A digest belongs to one image. A new one has none before it is built.
  const newTag = known.find((image) => image.newTag)?.newTag ?? fallback.newTag;
  return write(
    [...new Set(images)].map((image) => {
      const name = imageNameOf(image);
      return { name, newName: `${registry}/${image}`, newTag, ...known.find((other) => other.name === name) };
    }),
  );
}

/** The same file for a release, whose images are named by digest: nobody can put another one under the name. */
export function writePlacedImages(
  registry: string,
  images: readonly { image: string; digest: string }[],
): string {
  return write(
    images.map(({ image, digest }) => ({
      name: imageNameOf(image),
      newName: `${registry}/${image}`,
      digest,
    })),
  );
}

function write(images: readonly Image[]): string {
  const lines = images.map(({ name, newName, newTag, digest }) => {
    const version = digest ? `digest: "${digest}"` : `newTag: "${newTag}"`;
    return `  - { name: ${name}, newName: ${newName}, ${version} }\n`;
  });
  return `${head}${lines.join('')}`;
}

const head = `# Where the images are: the registry is yours to change. The file of a release names them by digest (docs/supply.md).
# npm run compose adds what a new subgraph needs and keeps the rest.
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
images:
`;
