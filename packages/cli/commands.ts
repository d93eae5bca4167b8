import { type LazyCommand, processIo, runOneOf } from '../../cli/src/run-command.ts';

/** The commands that need nothing of Signet's repository. */
const commands: readonly LazyCommand[] = [
  [
    'compose',
    'compose subgraphs into a supergraph',
    () => import('../../cli/src/compose-graph/compose-command.ts'),
  ],
  [
    'types',
    'write the types of an entrance as a package',
    () => import('../../cli/src/types/types-command.ts'),
  ],
  [
    'keys',
    'make and rotate the keys between gateway and subgraphs',
    () => import('../../cli/src/proof-keys-command.ts'),
  ],
  [
    'access',
    'check the access rules of a supergraph, and compare it with an older one',
    () => import('../../cli/src/access/supergraph-access.ts'),
  ],
  [
    'conformance',
    'ask a gateway whether it enforces the access directives',
    () => import('../../cli/src/conformance/conformance-command.ts'),
  ],
];

process.exitCode = await runOneOf(commands, process.argv.slice(2), processIo, {
  description: 'Check and compose a federated graph.',
  example: 'npx signet access --supergraph supergraph.graphql',
});
