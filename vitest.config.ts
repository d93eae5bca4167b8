import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const exclude = ['**/node_modules/**', '**/.signet/**', '**/.turbo/**'];
/** Each starts a dozen processes or two, and some of their guarantees are of two seconds: two at a time, when the rest is done. */
const processes = ['deploy/{replicas,upgrade,chaos/chaos}.e2e.ts'];
/** They measure how long others wait: one file after the other, when nothing else runs. */
const timed = ['launcher/src/attack.e2e.ts', 'gateway/src/planning/{event-loop,planner-bomb}.e2e.ts'];
/** For a test that hangs, and no other: at a load of 18, some that take 6 s took over a minute. */
const limits = { testTimeout: 240_000, hookTimeout: 240_000 };
/** They wait for the database, browsers and child processes: three at a time left a third of two cores idle in end-to-end tests. */
const maxWorkers = 4;
/**
 * Node loads the files itself, as it does in production: no module is transformed, and no worker asks the main process for one. So tests
 * cannot use `vi.mock`, which nothing here needs.
 */
const experimental = { viteModuleRunner: false, nodeLoader: false };
/** How long a test waits for what must come, far above what it takes: Vitest's own second is over on a busy machine. */
const patience = { poll: { timeout: 30_000 } };
// Nor do these files keep state in modules: a platform that starts in a process which had one before loads nothing anew.
const e2e = { ...limits, expect: patience, isolate: false, experimental };
/** What answers operations: it runs through each lane alone, and not once more through both (docs/decisions/0035-two-lanes.md). */
const ofLanes = [
  'launcher/src/{platform,access-matrix,bad-input,relations}.e2e.ts',
  'subgraphs/*/e2e/*.e2e.ts',
];

/**
 * The longest of each project first: begun last, each would run alone for minutes. By name, since Vitest knows how long a file takes only
 * from an earlier run, which a fresh checkout has not; it then goes by size, and these are short files that start much, or wait.
 */
const longest = [
  'console/console.e2e.ts',
  'docs/adopt/whole-platform.e2e.ts',
  'examples/storefront/storefront.e2e.ts',
  'launcher/src/isolation.e2e.ts',
  'launcher/src/proof-rotation.e2e.ts',
  'deploy/replicas.e2e.ts',
  'deploy/chaos/chaos.e2e.ts',
  'subgraphs/auth/src/silent-database.test.ts',
  'gateway/src/planning/planning-pool.test.ts',
  'subgraphs/auth/src/confusions/confusions.test.ts',
  'subgraphs/auth/src/throttle/sign-in-throttle.test.ts',
  'subgraphs/auth/src/operations/complete-challenge.test.ts',
  'subgraphs/auth/src/operations/impersonation-ends.test.ts',
];

/**
 * The files of a project together, as a worker keeps its modules only for the next file of its project. Unit tests come last: most take a
 * second, so that all workers end at about the same time.
 */
class ProjectByProject extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const projects = [...new Set(files.map(({ project }) => project.name))];
    const placeOf = ({ moduleId, project }: TestSpecification) => {
      const rank = longest.findIndex((name) => moduleId.endsWith(`/${name}`));
      const place = project.name === 'unit' ? projects.length : projects.indexOf(project.name);
      return place * (longest.length + 1) + (rank >= 0 ? rank : longest.length);
    };
    return (await super.sort(files)).sort((one, other) => placeOf(one) - placeOf(other));
  }
}

/**
 * The projects have one database server for all: the global setup stands at the root, where it runs once a run however many
 * projects take part.
 */
export default defineConfig({
  test: {
    experimental,
    globalSetup: ['libs/testing/src/global-setup.ts'],
    sequence: { sequencer: ProjectByProject },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude,
          ...limits,
          experimental,
          expect: patience,
          maxWorkers,
          // Files keep no state in modules; loading these anew for each took a third of the time.
          isolate: false,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['**/*.e2e.ts'],
          exclude: [...exclude, ...processes, ...timed, ...ofLanes],
          ...e2e,
          maxWorkers,
        },
      },
      ...(['fast', 'apollo'] as const).map((lane) => ({
        test: {
          name: `e2e-lane-${lane}`,
          include: ofLanes,
          exclude,
          ...e2e,
          env: { LANES: lane },
          maxWorkers,
        },
      })),
      {
        test: {
          name: 'e2e-processes',
          include: processes,
          exclude,
          ...e2e,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'e2e-timed',
          include: timed,
          exclude,
          ...e2e,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
