// Writes what routers of another make read, for a signer beside them: node deploy/routers/prepare.ts --signer <url> --folder <folder>
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { readSubgraphSdl } from '@signet/schema/sdl';
import { subgraphs } from '@signet/schema/subgraphs';
import { supergraphPath, variants } from '@signet/schema/supergraph-files';
import { type ConstDirectiveNode, type DocumentNode, Kind, parse, print, visit } from 'graphql';
import { stripRules } from '../../gateway/src/execute/strip-rules.ts';

/** A file to write, by its path in the folder. */
export type PreparedFile = { path: string; text: string };

/**
 * What the routers read. `signerUrl` is the base to which each subgraph's name is added.
 *
 * - `<variant>.graphql`: the committed supergraphs, with the signer's URLs.
 * - `<variant>.stripped.graphql`: without federation's access rules, for an Apollo Router without a licence.
 * - `subgraphs/<name>.graphql`, `grafbase.subgraphs.toml`, and `cosmo/<name>.graphql`, `cosmo.yaml`: for routers that compose by themselves.
 */
export function prepareRouterFiles(signerUrl: string): PreparedFile[] {
  const base = signerUrl.replace(/\/+$/, '');
  const urlOf = (subgraph: string) => `${base}/${subgraph}`;
  const names = subgraphs.map(({ name }) => name);
  const schemaFileOf = (name: string) => `subgraphs/${name}.graphql`;
  const cosmo = names.map(
    (name) =>
      `  - name: ${name}\n    routing_url: ${urlOf(name)}\n    schema:\n      file: ./cosmo/${name}.graphql\n`,
  );
  const grafbase = names.map(
    (name) => `[subgraphs.${name}]\nurl = "${urlOf(name)}"\nschema_path = "${schemaFileOf(name)}"\n`,
  );
  return [
    ...variants.flatMap((variant) => {
      const supergraph = setUrls(
        parse(readFileSync(supergraphPath(variant), 'utf8'), { noLocation: true }),
        urlOf,
      );
      return [
        { path: `${variant}.graphql`, text: `${print(supergraph)}\n` },
        { path: `${variant}.stripped.graphql`, text: `${print(stripRules(supergraph))}\n` },
      ];
    }),
    ...names.flatMap((name) => {
      const sdl = readSubgraphSdl(name);
      return [
        { path: schemaFileOf(name), text: sdl },
        {
          path: `cosmo/${name}.graphql`,
          text: `${print(withoutPolicies(parse(sdl, { noLocation: true })))}\n`,
        },
      ];
    }),
    { path: 'cosmo.yaml', text: `version: 1\nsubgraphs:\n${cosmo.join('')}` },
    { path: 'grafbase.subgraphs.toml', text: grafbase.join('\n') },
  ];
}

/** Sets the URL of every `@join__graph` by the subgraph's name. */
function setUrls(supergraph: DocumentNode, urlOf: (subgraph: string) => string): DocumentNode {
  return visit(supergraph, {
    Directive(node) {
      const directive = node as ConstDirectiveNode;
      if (directive.name.value !== 'join__graph') return undefined;
      const name = directive.arguments?.find((argument) => argument.name.value === 'name')?.value;
      if (name?.kind !== Kind.STRING) return undefined;
      return {
        ...directive,
        arguments: directive.arguments?.map((argument) =>
          argument.name.value === 'url'
            ? { ...argument, value: { kind: Kind.STRING, value: urlOf(name.value) } }
            : argument,
        ),
      };
    },
  });
}

/** Cosmo's composer knows no `@policy`. Uses of it, and its import, go; the subgraph still enforces it. */
function withoutPolicies(sdl: DocumentNode): DocumentNode {
  return visit(sdl, {
    Directive: (node) => (node.name.value === 'policy' ? null : undefined),
    StringValue: (node) => (node.value === '@policy' ? null : undefined),
  });
}

export function writeRouterFiles(folder: string, signerUrl: string): void {
  for (const { path, text } of prepareRouterFiles(signerUrl)) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
}

if (import.meta.main) {
  const { signer, folder } = parseArgs({
    options: { signer: { type: 'string' }, folder: { type: 'string' } },
  }).values;
  if (!signer || !/^https?:$/.test(URL.parse(signer)?.protocol ?? '') || !folder) {
    console.error('node deploy/routers/prepare.ts --signer http://127.0.0.1:4020 --folder <folder>');
    process.exit(1);
  }
  writeRouterFiles(folder, signer);
  console.log(`${folder} has the supergraphs, the subgraphs' SDL, cosmo.yaml and grafbase.subgraphs.toml.`);
}
