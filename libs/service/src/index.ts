export { readAuthorization } from './authorization-header.ts';
export { ConfigError, configFields, type Environment, loadConfig } from './config.ts';
export { readCookie } from './cookie-header.ts';
export { createCredentialLimit } from './credential-limit.ts';
export { badInput, errorBody, RefusalError } from './errors.ts';
export { createErrorFormatter, type ErrorFormatter, type ErrorTranslation } from './format-error.ts';
export { type EndpointPlugin, type GraphqlEndpointOptions, mountGraphql } from './graphql-endpoint.ts';
export type { ReadinessCheck } from './health.ts';
export { createHttpServer, type HttpServerOptions } from './http-server.ts';
export {
  defaultRetryAfterSeconds,
  refusalHeaders,
  withHttpStatus,
} from './http-status.ts';
export { listen, type RunningServer } from './listen.ts';
export { createLogger, type Logger, logLevels } from './logger.ts';
export { hasProductionSurface, processConfigFields, type SurfaceConfig } from './process-config.ts';
export { runProcess } from './run-process.ts';
export { createSampler, type Sampler, type SamplerOptions } from './sampler.ts';
export {
  formatSignetContext,
  parseSignetContext,
  type SignetContext,
  signetContextHeader,
  withTimeout,
} from './signet-context.ts';
