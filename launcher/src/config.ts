import { configFields, hasProductionSurface, logLevels, processConfigFields } from '@signet/service';
import { z } from 'zod';

/** Frontend development servers, under their usual ports. */
const developmentOrigins = [3000, 4173, 4200, 5173, 5174, 8080].flatMap((port) => [
  `http://localhost:${port}`,
  `http://127.0.0.1:${port}`,
]);

/** Settings of `npm start` itself. Every process also has its own, which `process-settings.ts` passes on. */
export const launcherFields = {
  PORT_BASE: configFields.port
    .pipe(z.number().max(65_500, 'must leave room for 20 ports above it'))
    .default(4000)
    .describe(
      'Moves every port: entrances +0 to +2, the storefront +3, subgraphs from +11, PostgreSQL +20. From 32768 on, outgoing connections may hold one of them.',
    ),
  HOST: processConfigFields.HOST.describe(
    'The address of the three entrances. Everything else stays on 127.0.0.1.',
  ),
  SIGNET_HOME: z
    .string()
    .default('.signet')
    .describe('The folder of the embedded database and the development secrets, mode 0600.'),
  DATABASE_URL: configFields.postgresUrl
    .optional()
    .describe('A URL of a PostgreSQL 18, as its administrator, to use instead of the embedded one.'),
  SEED: z
    .enum(['development'], "must be 'development' or absent")
    .optional()
    .describe('`development` seeds an empty database that `DATABASE_URL` names.'),
  NODE_ENV: processConfigFields.NODE_ENV.describe(
    '`production` fills no development data in, and closes what strangers must not see.',
  ),
  LOG_LEVEL: processConfigFields.LOG_LEVEL.unwrap()
    .default('warn')
    .describe(`The least level that is logged: ${logLevels.join(', ')}.`),
  SURFACE: processConfigFields.SURFACE.describe(
    '`production`: as closed to strangers as in production, on the development data. For attacking it on any machine.',
  ),
  METRICS_HOST: z
    .string()
    .default('127.0.0.1')
    .describe('The address of the metrics, whose port is PORT_BASE + 9. Operators alone should reach it.'),
  STOREFRONT: configFields.flag
    .default(true)
    .describe(
      "The demo shop's pages for customers, at PORT_BASE + 3 of this machine. `no` turns them off; so does the production surface, or another HOST than 127.0.0.1 or 0.0.0.0.",
    ),
  DEFAULT_TENANT: z
    .string()
    .default('demo')
    .describe('Slug of the tenant of a request without a token or an `x-tenant` header.'),
};

export const launcherConfigSchema = z.object(launcherFields);

/** Unless CORS_ORIGINS is set: in development the usual ports of frontends, with the production surface nobody's pages. */
export function defaultCorsOrigins(config: LauncherConfig): readonly string[] {
  return hasProductionSurface(config) ? [] : developmentOrigins;
}

export type LauncherConfig = z.output<typeof launcherConfigSchema>;
