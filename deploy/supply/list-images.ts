// node deploy/supply/list-images.ts: the images of a release, as the matrix of .github/workflows/release.yml.
import { join } from 'node:path';
import { readComposedProcesses } from '../kubernetes/compose-processes.ts';

/** An image and how the Dockerfile builds it. */
export type ReleaseImage = { image: string; target: string; arguments: string };

/** One for each target, and one for each subgraph: what docker-compose.yml runs. */
export function listImages(tree: string): ReleaseImage[] {
  const images = new Map<string, ReleaseImage>();
  for (const { image, kind } of readComposedProcesses(tree)) {
    const isSubgraph = kind === 'subgraph' || kind === 'issuer';
    images.set(image, {
      image,
      target: isSubgraph ? 'subgraph' : image,
      arguments: isSubgraph ? `SUBGRAPH=${image}` : '',
    });
  }
  return [...images.values()];
}

if (import.meta.main) console.log(JSON.stringify(listImages(join(import.meta.dirname, '../..'))));
