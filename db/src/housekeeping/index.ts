export {
  type HousekeepingJob,
  type HousekeepingOptions,
  pruneWith,
  runHousekeeping,
} from './run-housekeeping.ts';
export { startHousekeeping } from './start-housekeeping.ts';
