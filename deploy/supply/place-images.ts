// node deploy/supply/place-images.ts <registry> <folder>: writes deploy/kubernetes/images/kustomization.yaml for a release. The folder has a
// file for each image, called like it, which holds the digest under which it was pushed.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePlacedImages } from '../kubernetes/write-images.ts';
import { listImages } from './list-images.ts';

const root = join(import.meta.dirname, '../..');
const digestPattern = /^sha256:[0-9a-f]{64}$/;

/** @throws {Error} that names the image without a digest: then nothing is written. */
export function placeImages(tree: string, registry: string, digests: string): void {
  const placed = listImages(tree).map(({ image }) => {
    const digest = readFileSync(join(digests, image), 'utf8').trim();
    if (!digestPattern.test(digest)) throw new Error(`${join(digests, image)}: holds no digest (sha256:…)`);
    return { image, digest };
  });
  writeFileSync(
    join(tree, 'deploy/kubernetes/images/kustomization.yaml'),
    writePlacedImages(registry, placed),
  );
}

if (import.meta.main) {
  const [registry, digests, ...rest] = process.argv.slice(2);
  if (!registry || !digests || rest.length > 0) {
    console.error(
      'Usage: node deploy/supply/place-images.ts <registry> <folder with a digest for each image>',
    );
    process.exit(2);
  }
  placeImages(root, registry, digests);
}
