/**
 * schema/contract <- libs <- subgraphs | gateway <- launcher <- cli. A subgraph imports no other; only subgraphs, the launcher,
 * the command line, the test kit and `@signet/subgraph/define` import db; only subgraphs/auth may sign an access token; nobody imports cli.
 */
const testFiles = '\\.(test|e2e|test-support)\\.ts$';
/** What `signet smoke` and `signet attack` share with the parts of them that lie in the subgraphs. */
const probeKits = '^libs/testing/src/(smoke|attack)-kit\\.ts$';

export default {
  forbidden: [
    {
      name: 'contract-imports-nothing',
      severity: 'error',
      from: { path: '^schema/contract/' },
      to: { pathNot: '^schema/contract/' },
    },
    {
      name: 'schema-imports-no-process',
      severity: 'error',
      from: { path: '^schema/' },
      to: { path: '^(libs|db|subgraphs|gateway|launcher)/' },
    },
    {
      name: 'libs-import-no-process',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^(subgraphs|gateway|launcher)/' },
    },
    {
      name: 'telemetry-imports-no-other-part',
      severity: 'error',
      from: { path: '^libs/telemetry/' },
      to: { path: '^(schema|db|libs|subgraphs|gateway|launcher)/', pathNot: '^libs/telemetry/' },
    },
    {
      name: 'only-owners-import-the-database',
      severity: 'error',
      from: { path: '^(schema|libs|gateway|deploy)/', pathNot: '^libs/(testing|subgraph/src/define)/' },
      to: { path: '^db/' },
    },
    {
      name: 'database-imports-no-process',
      severity: 'error',
      from: { path: '^db/' },
      // libs/flow is queues and timers, libs/telemetry is what others measure with: they import nothing.
      to: { path: '^(libs|subgraphs|gateway|launcher)/', pathNot: '^libs/(flow|telemetry)/' },
    },
    {
      name: 'a-subgraph-imports-no-other',
      severity: 'error',
      from: { path: '^subgraphs/([^/]+)/' },
      to: { path: '^subgraphs/', pathNot: '^subgraphs/$1/' },
    },
    {
      name: 'subgraphs-import-no-gateway',
      severity: 'error',
      from: { path: '^subgraphs/' },
      to: { path: '^(gateway|launcher)/' },
    },
    {
      name: 'gateway-imports-no-subgraph',
      severity: 'error',
      from: { path: '^gateway/' },
      // libs/subgraph reaches the database; the gateway holds no code for that.
      to: { path: '^(subgraphs|launcher|libs/subgraph)/' },
    },
    {
      name: 'nobody-imports-the-command-line',
      severity: 'error',
      from: { pathNot: '^(cli|bench|packages/(build|cli))/' },
      to: { path: '^cli/' },
    },
    {
      name: 'test-kit-stays-in-tests',
      severity: 'error',
      from: { pathNot: '^libs/testing/|^vitest\\.config\\.ts$|^bench/|^packages/testing/' },
      to: { path: '^libs/testing/', pathNot: probeKits },
    },
    {
      name: 'smoke-and-attack-kits-stay-in-probes',
      severity: 'error',
      from: { pathNot: '^libs/testing/|^cli/|^subgraphs/[^/]+/(smoke|attacks)\\.ts$' },
      to: { path: probeKits },
    },
    {
      name: 'no-process-imports-its-probes',
      severity: 'error',
      from: { pathNot: '^subgraphs/[^/]+/(smoke|attacks)\\.ts$' },
      to: { path: '^subgraphs/[^/]+/(smoke|attacks)\\.ts$' },
    },
    {
      name: 'packages-hold-no-platform',
      severity: 'error',
      from: { path: '^packages/' },
      // Reachable too: what a package imports is bundled into it.
      to: { path: '^(db|subgraphs|launcher)/', reachable: true },
    },
    {
      name: 'frontends-import-the-client-alone',
      severity: 'error',
      from: { path: '^(console/src|subgraphs/[^/]+/console|libs/client)/' },
      to: { path: '^(schema|db|gateway|launcher|cli|libs/(?!client/)[^/]+|subgraphs/[^/]+/src)/' },
    },
    {
      name: 'the-explorer-imports-the-pages-scripts-alone',
      severity: 'error',
      from: { path: '^explorer/src/' },
      to: {
        path: '^(schema|db|libs|subgraphs|launcher|cli|console|packages)/|^gateway/(?!src/pages/client/)',
      },
    },
    {
      name: 'nobody-imports-packages',
      severity: 'error',
      from: { pathNot: '^packages/' },
      to: { path: '^packages/' },
    },
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      // The peers of the benchmark, and another make of router, run where their packages are installed. Vite knows `@signet/console`.
      from: { pathNot: '^(bench/compare/peers|deploy/routers/hive-gateway|subgraphs/[^/]+/console)/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    // Tests may import what they test; their `await using` is also more than the parser behind this tool knows.
    exclude: { path: `^packages/dist/|\\.generated\\.ts$|${testFiles}` },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.json'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
