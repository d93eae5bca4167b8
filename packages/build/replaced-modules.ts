import { join } from 'node:path';
import { root } from './manifest.ts';

/**
 * Modules that describe this installation (its scopes and its subgraphs, the demo shop's among them), and what packages for
 * others have in their place.
 */
export const replacedModules: ReadonlyMap<string, string> = new Map([
  [join(root, 'schema/contract/scopes.ts'), join(root, 'packages/build/any-scopes.ts')],
  [join(root, 'schema/subgraphs.json'), join(root, 'packages/build/no-subgraphs.json')],
  [join(root, 'gateway/src/pages/explorer-folder.ts'), join(root, 'packages/build/explorer-copy.ts')],
]);
