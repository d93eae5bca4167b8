import type { Platform } from '@signet/schema/contract';
import { z } from 'zod';

const threads = z
  .string()
  .regex(/^([1-9]|[1-5]\d|6[0-4])$/, 'must be a whole number from 1 to 64')
  .transform(Number)
  .optional();

/** Threads that hash passwords, by platform; as many as there are processors if not set. */
export const passwordThreadFields = { USER_PASSWORD_THREADS: threads, PORTAL_PASSWORD_THREADS: threads };

type Config = z.output<z.ZodObject<typeof passwordThreadFields>>;

export function readPasswordThreads(config: Config, platform: Platform): number | undefined {
  return platform === 'user' ? config.USER_PASSWORD_THREADS : config.PORTAL_PASSWORD_THREADS;
}
