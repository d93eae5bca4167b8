import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// Node gives everybody one graphql (its CommonJS form), vite would give workspace code the other: two realms, in which
// no error is an instance of the other's class.
const resolve = {
  alias: [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql')) }],
};
const exclude = ['**/node_modules/**', '**/.signet/**', '**/.turbo/**'];
/** These put load on a platform, or look at how long others wait: one after the other. */
const alone = [
  'deploy/{replicas,upgrade,chaos/chaos}.e2e.ts',
  'gateway/src/planning/*.e2e.ts',
  'launcher/src/{attack,isolation,proof-rotation}.e2e.ts',
];
/** For a test that hangs, and no other: at a load of 18, some that take 6 s took over a minute. */
const limits = { testTimeout: 240_000, hookTimeout: 240_000 };
/** How long a test waits for what must come, far above what it takes: Vitest's own second is over on a busy machine. */
const patience = { poll: { timeout: 30_000 } };
// Nor do these files keep state in modules: a platform that starts in a process which had one before loads nothing anew.
const e2e = { ...limits, expect: patience, isolate: false };
/** What answers operations: it runs through each lane alone, and not once more through both (docs/decisions/0035-two-lanes.md). */
const ofLanes = [
  'launcher/src/{platform,access-matrix,bad-input,relations}.e2e.ts',
  'subgraphs/*/e2e/*.e2e.ts',
];

/**
 * The longest first: begun last, each would run alone for minutes. By name, since Vitest knows how long a file takes only from an earlier
 * run, which a fresh checkout has not; it then goes by size, and these are short files that start much.
 */
const longest = [
  'console/console.e2e.ts',
  'docs/adopt/whole-platform.e2e.ts',
  'examples/storefront/storefront.e2e.ts',
];

/** The longest files first, and the files of a project together: a worker keeps its modules only for the next file of its project. */
class ProjectByProject extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const projects = [...new Set(files.map(({ project }) => project.name))];
    const placeOf = ({ moduleId, project }: TestSpecification) => {
      const rank = longest.findIndex((name) => moduleId.endsWith(`/${name}`));
      return rank >= 0 ? rank - longest.length : projects.indexOf(project.name);
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
    globalSetup: ['libs/testing/src/global-setup.ts'],
    sequence: { sequencer: ProjectByProject },
    projects: [
      {
        resolve,
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude,
          ...limits,
          expect: patience,
          // They wait for the database and for child processes: two at a time even on two cores.
          maxWorkers: 2,
          // Files keep no state in modules; loading these anew for each took a third of the time.
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        resolve,
        test: {
          name: 'e2e',
          include: ['**/*.e2e.ts'],
          exclude: [...exclude, ...alone, ...ofLanes],
          ...e2e,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      ...(['fast', 'apollo'] as const).map((lane) => ({
        resolve,
        test: {
          name: `e2e-lane-${lane}`,
          include: ofLanes,
          exclude,
          ...e2e,
          env: { LANES: lane },
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      })),
      {
        resolve,
        test: {
          name: 'e2e-alone',
          include: alone,
          exclude,
          ...e2e,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
