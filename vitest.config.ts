import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Node gives everybody one graphql (its CommonJS form), vite would give workspace code the other: two realms, in which
// no error is an instance of the other's class.
const resolve = {
  alias: [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql')) }],
};
const exclude = ['**/node_modules/**', '**/.signet/**', '**/.turbo/**'];

/**
 * Two projects, one database server for both: the global setup stands at the root, where it runs once a run however many
 * projects take part.
 */
export default defineConfig({
  test: {
    globalSetup: ['libs/testing/src/global-setup.ts'],
    projects: [
      {
        resolve,
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude,
          testTimeout: 15_000,
          hookTimeout: 30_000,
          // They wait for the database and for child processes: two at a time even on two cores.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        resolve,
        test: {
          name: 'e2e',
          include: ['**/*.e2e.ts'],
          exclude,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // Whole platforms, and measurements of time: one after the other, when the unit tests are done.
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
