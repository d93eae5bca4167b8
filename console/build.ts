import { createHash } from 'node:crypto';
import { globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { listDocuments } from '../libs/client/src/documents.ts';
import { buildPage, root } from './build-page.ts';

/* `npm run build -w console`, and `npm start` in a process of its own. */

await buildPage({
  folder: import.meta.dirname,
  sources: [
    'console/{src/**/*,*.ts,*.html,package.json}',
    'libs/client/src/*.ts',
    'subgraphs/*/console/*',
    'package-lock.json',
  ],
  async finish(made) {
    writeFileSync(join(made, 'trusted-documents.json'), await writeManifest());
  },
});

/** All that the console sends, for an entrance that runs trusted documents only (docs/trusted-documents.md). */
async function writeManifest(): Promise<string> {
  const files = globSync('{console/src,subgraphs/*/console}/operations.generated.ts', { cwd: root });
  const modules: { operationScopes: ReadonlyMap<string, unknown> }[] = await Promise.all(
    files.sort().map((file) => import(pathToFileURL(join(root, file)).href)),
  );
  const bodies = modules.flatMap(({ operationScopes }) => [...operationScopes.keys()]);
  const operations = [...listDocuments('portal'), ...bodies].map((body) => {
    const [, type, name] = /^(\w+) (\w+)/.exec(body) ?? [];
    return { id: createHash('sha256').update(body).digest('hex'), name, type, body };
  });
  return JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations });
}
