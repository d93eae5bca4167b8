import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { settingGroups } from '@signet/launcher/settings';
import { generateAll } from '@signet/schema/compose';
import { subgraphs } from '@signet/schema/subgraphs';
import { supergraphPath } from '@signet/schema/supergraph-files';
import { type Command, Option } from 'commander';
import { generateManifests } from '../../deploy/kubernetes/write-manifests.ts';
import { readLockedPackages, writeLicencePage } from '../../deploy/supply/licences.ts';
import { generateClientPreset, listExamples } from './client-preset.ts';
import { action, addExample, type Context, messageOf } from './command.ts';
import { addGraphOptions, type ComposeGraphOptions, composeGraph } from './compose-graph/compose-command.ts';
import { generateOperationTypes, listOperationFolders, operationTypesPath } from './operation-types.ts';
import { generateRoleMatrix, roleMatrixPath } from './role-matrix.ts';
import { generateSettingsFiles } from './settings.ts';

const root = join(import.meta.dirname, '../..');

/** Without content it must not be there. */
type GeneratedFile = { path: string; content: string | undefined };

type Options = { check?: boolean; only?: string };

/** `npm run compose`: writes the generated files of schema/ and of the subgraphs, the lists of settings, and the base of deploy/kubernetes. */
export function define(command: Command, context: Context): void {
  addExample(
    addGraphOptions(
      command.description(
        'Writes the supergraph of each entrance and the resolver types of each subgraph from the SDL in subgraphs/; docs/settings.md and .env.example from the fields of the settings; the base of deploy/kubernetes from docker-compose.yml; docs/licences.md from package-lock.json. With --subgraph, composes other subgraphs instead.',
      ),
    ),
    'npm run compose',
  )
    .option('--check', 'compare only; exit 1 where a file is out of date')
    .addOption(
      new Option(
        '--only <subgraph>',
        "write this subgraph's resolver types, while others may not compose yet",
      ).choices(subgraphs.map(({ name }) => name)),
    )
    .action(
      action(context, messageOf, (options: Options & ComposeGraphOptions) =>
        options.subgraph ? composeGraph(options, context) : compose(options, context),
      ),
    );
}

function secretSettings(): ReadonlySet<string> {
  return new Set(
    settingGroups.flatMap(({ settings }) =>
      settings.filter(({ isSecret }) => isSecret).map(({ name }) => name),
    ),
  );
}

function generateLicencePage(): GeneratedFile {
  return { path: join(root, 'docs/licences.md'), content: writeLicencePage(readLockedPackages(root)) };
}

async function compose({ check, only }: Options, { print, printError }: Context): Promise<number> {
  const files: GeneratedFile[] = [
    ...(await generateAll(only)),
    ...(only
      ? []
      : [
          ...generateSettingsFiles(root),
          ...generateManifests(root, secretSettings()),
          generateLicencePage(),
        ]),
  ];
  const supergraphs = new Map(files.map(({ path, content }) => [path, content]));
  for (const folder of only ? [] : listOperationFolders()) {
    files.push({
      path: operationTypesPath(folder),
      content: await generateOperationTypes(folder, supergraphs.get(supergraphPath(folder.variant)) ?? ''),
    });
  }
  for (const example of only ? [] : listExamples()) {
    files.push(...(await generateClientPreset(example, supergraphs.get(supergraphPath('user')) ?? '')));
  }
  const portal = supergraphs.get(supergraphPath('portal'));
  if (portal) files.push({ path: roleMatrixPath, content: generateRoleMatrix(portal) });
  const changed = files.filter(
    ({ path, content }) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined) !== content,
  );
  const names = changed.map(({ path }) => relative(root, path));
  if (check) {
    if (changed.length === 0) return 0;
    printError(`Out of date: ${names.join(', ')}. Run npm run compose and commit the result.`);
    return 1;
  }
  for (const { path, content } of changed) {
    if (content === undefined) {
      rmSync(path);
    } else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
  }
  print(changed.length > 0 ? `Wrote ${names.join(', ')}` : 'Everything is up to date.');
  return 0;
}
