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
  LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(', ')}`).default('info'),
  NODE_ENV: z
    .enum(['development', 'production', 'test'], 'must be development, production or test')
    .default('development'),
};
