import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Supergraph } from '@apollo/federation-internals';
import { preset } from '@graphql-codegen/client-preset';
import { codegen } from '@graphql-codegen/core';
import { Kind, parse, printSchema, validate } from 'graphql';

const root = join(import.meta.dirname, '../..');

/** What `codegen.ts` of an example says to GraphQL Code Generator: one output, of the preset `client`. */
type CodegenConfig = {
  documents: string[];
  generates: Record<string, { presetConfig: object; config: object }>;
};

/** The frontends in `examples/` whose types come from the contract of the entrance `user`. */
export function listExamples(): string[] {
  return globSync('examples/*/codegen.ts', { cwd: root }).map((path) => path.replace(/\/codegen\.ts$/, ''));
}

/**
 * The files that GraphQL Code Generator would write for an example whose entrance serves the contract `sdl`: its `codegen.ts` is used as its own
 * command does. That command is not installed here, since it brings 180 packages.
 *
 * @throws {Error} naming each operation that the contract does not allow
 */
export async function generateClientPreset(
  example: string,
  sdl: string,
): Promise<{ path: string; content: string }[]> {
  const folder = join(root, example);
  const { default: config }: { default: CodegenConfig } = await import(
    pathToFileURL(join(folder, 'codegen.ts')).href
  );
  const schema = Supergraph.build(sdl, { supportedFeatures: null }).apiSchema().toGraphQLJSSchema();
  const documents = globSync(config.documents, { cwd: folder })
    .sort()
    .map((name) => {
      const rawSDL = readFileSync(join(folder, name), 'utf8');
      return { location: join(folder, name), rawSDL, document: parse(rawSDL) };
    });
  const definitions = documents.flatMap(({ document }) => document.definitions);
  const faults = validate(schema, { kind: Kind.DOCUMENT, definitions });
  if (faults.length > 0) throw new Error(`${example}: ${faults.map(({ message }) => message).join('\n')}`);
  const files: { path: string; content: string }[] = [];
  for (const [output, { presetConfig, config: options }] of Object.entries(config.generates)) {
    const sections = await preset.buildGeneratesSection({
      baseOutputDir: join(folder, output, '/'),
      presetConfig,
      config: options,
      schema: parse(printSchema(schema)),
      schemaAst: schema,
      documents,
      plugins: [],
      pluginMap: {},
      pluginContext: {},
    } as never);
    for (const section of sections) {
      files.push({ path: section.filename, content: await codegen(section) });
    }
  }
  return files;
}
