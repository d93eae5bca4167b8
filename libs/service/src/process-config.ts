import { z } from 'zod';
import { configFields } from './config.ts';
import { logLevels } from './logger.ts';

/** Variables that every process reads. */
export const processConfigFields = {
  /** Address to listen on. Loopback unless said otherwise. */
  HOST: z.string().default('127.0.0.1'),
  PORT: configFields.port,
  /** Host names, beside loopback's, under which this process may be called. */
  ALLOWED_HOSTS: configFields.hostNames.default([]),
  /** After the signal to stop: how long to serve on, not ready, while load balancers look elsewhere. */
  SHUTDOWN_DRAIN_MS: configFields
    .wholeNumber('must be milliseconds, 0 to 5000', { min: 0, max: 5000 })
    .default(0),
  LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(', ')}`).default('info'),
  NODE_ENV: z
    .enum(['development', 'production', 'test'], 'must be development, production or test')
    .default('development'),
  /** `production`: as closed to strangers as in production, also where NODE_ENV says something else. */
  SURFACE: z.enum(['development', 'production'], 'must be development or production').optional(),
};

/** Whether a process shows strangers what production shows: no schema, no browser pages, no accounts of the seed. */
export function hasProductionSurface({ NODE_ENV, SURFACE }: SurfaceConfig): boolean {
  // What production closes, no other variable opens as a whole.
  return NODE_ENV === 'production' || SURFACE === 'production';
}

export type SurfaceConfig = {
  NODE_ENV: 'development' | 'production' | 'test';
  SURFACE?: 'development' | 'production' | undefined;
};
