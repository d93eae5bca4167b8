import { parse } from 'yaml';

type Image = { name: string; newName?: string; newTag?: string; digest?: string };

const fallback = { registry: 'registry.example.com/signet', newTag: '0.1.0' };

/**
 * images/kustomization.yaml: where the images are. What the file says of an image stays. One that it lacks gets the registry and
 * the tag of the first; one of no process goes.
 */
export function writeImages(current: string, images: readonly string[]): string {
  const known: Image[] = parse(current)?.images ?? [];
  const first = known[0];
  const registry = first?.newName?.replace(/\/[^/]+$/, '') ?? fallback.registry;
  // A digest belongs to one image. A new one has none before it is built.
  const newTag = known.find((image) => image.newTag)?.newTag ?? fallback.newTag;
  const lines = [...new Set(images)].map((image) => {
    const name = `signet-${image}`;
    const found = known.find((other) => other.name === name);
    const place = found?.digest ? `digest: "${found.digest}"` : `newTag: "${found?.newTag ?? newTag}"`;
    return `  - { name: ${name}, newName: ${found?.newName ?? `${registry}/${image}`}, ${place} }\n`;
  });
  return `${head}${lines.join('')}`;
}

const head = `# Where the images are: the registry is yours to change, and each release writes its digests here (docs/supply.md).
# npm run compose adds what a new subgraph needs and keeps the rest.
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
images:
`;
