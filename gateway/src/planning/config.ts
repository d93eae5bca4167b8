import { configFields } from '@signet/service';

export const planningFields = {
  /** How long an operation that is not known yet may be validated and planned before it is refused. */
  PLANNING_DEADLINE_MS: configFields
    .wholeNumber('must be milliseconds, 100 to 10000', { min: 100, max: 10_000 })
    .default(2000),
};
