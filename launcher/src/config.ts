import { configFields, hasProductionSurface, logLevels, processConfigFields } from '@signet/service';
import { z } from 'zod';

/** Frontend development servers, under their usual ports. */
const developmentOrigins = [3000, 4200, 5173, 8080].flatMap((port) => [
  `http://localhost:${port}`,
  `http://127.0.0.1:${port}`,
]);

const { port } = configFields;

const fields = {
  /** Every port counts from here; 20 ports upwards belong to the platform. */
  PORT_BASE: port.pipe(z.number().max(65_500, 'must leave room for 20 ports above it')).default(4000),
  HOST: z.string().default('127.0.0.1'),
  /** Host names, beside loopback's, under which the gateway may be called. */
  ALLOWED_HOSTS: configFields.list.default([]),
  /** Where the embedded database and the development secrets lie. */
  SIGNET_HOME: z.string().default('.signet'),
  /** An administrator's URL to a PostgreSQL 18 to use instead of the embedded one. */
  DATABASE_URL: configFields.postgresUrl.optional(),
  SEED: z.enum(['development'], "must be 'development' or absent").optional(),
  NODE_ENV: z
    .enum(['development', 'production', 'test'], 'must be development, production or test')
    .default('development'),
  LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(', ')}`).default('warn'),
  /** `production`: as closed to strangers as in production, on the development data. For attacking it on any machine. */
  SURFACE: processConfigFields.SURFACE,
  /** See the gateway's own configuration, which checks them. */
  CORS_ORIGINS: configFields.list.optional(),
  GRAPH_CORS_ORIGINS: z.string().optional(),
  USER_CORS_ORIGINS: z.string().optional(),
  PORTAL_CORS_ORIGINS: z.string().optional(),
  /** `yes`: the gateway only logs what the access rules would refuse. */
  ACCESS_DRY_RUN: z.enum(['yes', 'no'], 'must be yes or no').default('no'),
  /** `no`: subgraphs answer everybody who reaches their port, as if a gateway had signed the request. For trying them out by hand. */
  REQUIRE_PROOF: z.enum(['yes', 'no', 'true', 'false'], 'must be yes or no').default('yes'),
  /** See the gateway's own configuration, which checks them. */
  MAX_IN_FLIGHT: z.string().optional(),
  REQUEST_TIMEOUT_MS: z.string().optional(),
  DEFAULT_TENANT: z.string().default('demo'),
};

/** Variables of `npm start`. Everything else follows from them. */
export const launcherConfigSchema = z.object(fields).superRefine(refuseOpenProduction);

/** What production may not be without has no switch here either: an attack on it would prove nothing. */
function refuseOpenProduction(
  config: z.output<z.ZodObject<typeof fields>>,
  { addIssue }: z.RefinementCtx,
): void {
  const refuse = (variable: keyof typeof fields, message: string) =>
    addIssue({ code: 'custom', path: [variable], message });
  if (!hasProductionSurface(config)) return;
  if (['no', 'false'].includes(config.REQUIRE_PROOF)) {
    refuse(
      'REQUIRE_PROOF',
      'must not be no with the production surface: everybody who reaches a subgraph would be believed',
    );
  }
  if (config.ACCESS_DRY_RUN === 'yes') {
    refuse('ACCESS_DRY_RUN', 'must not be yes with the production surface: the gateway would refuse nothing');
  }
}

/** Without a list: in development the usual ports of frontends, with the production surface nobody's pages. */
export function corsOriginsOf(config: LauncherConfig): readonly string[] {
  return config.CORS_ORIGINS ?? (hasProductionSurface(config) ? [] : developmentOrigins);
}

export type LauncherConfig = z.output<typeof launcherConfigSchema>;
