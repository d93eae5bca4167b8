export { createSampler, type Sampler, type SamplerOptions } from '@signet/flow';
export {
  ConfigError,
  configFields,
  type Environment,
  hasProductionSurface,
  type KeyList,
  loadConfig,
  processConfigFields,
  type SurfaceConfig,
} from './config.ts';
export { readAuthorization, readCookie } from './credential-headers.ts';
export { createCredentialLimit } from './credential-limit.ts';
export { customScalars, type JsonObject } from './custom-scalars.ts';
export type { AskedReply, AskedRequest, DirectHandler, DirectRoute } from './direct-route.ts';
export {
  addHttpStatus,
  badInput,
  defaultRetryAfterSeconds,
  type ErrorTranslation,
  errorBody,
  MalformedRequestError,
  RefusalError,
  refusalHeaders,
  withHttpStatus,
} from './errors.ts';
export { createErrorFormatter, type ErrorFormatter, findRefusal } from './format-error.ts';
export {
  createGraphqlHandler,
  type EndpointPlugin,
  type FastLane,
  type GraphqlEndpointOptions,
  type GraphqlHandler,
  mountGraphql,
  preflightHeaders,
  routeGraphql,
} from './graphql-endpoint.ts';
export { chooseAnswerType, isOkUnder } from './graphql-over-http.ts';
export {
  answerHealth,
  createHealth,
  type Health,
  type HealthReport,
  healthPaths,
  type ReadinessCheck,
} from './health.ts';
export {
  createHttpServer,
  type HttpServerOptions,
  maxHeaderBytes,
  subgraphBodyLimitBytes,
  subgraphHeaderLimitBytes,
} from './http-server.ts';
export { createJsonReader, decodeUtf8, readJson } from './json-body.ts';
export { type LogOutput, openLogOutput } from './log-output.ts';
export { createLogger, flatten, type Logger, type LogWriter, logLevels, openInfoLines } from './logger.ts';
export { findMistypedVariables } from './mistyped-variables.ts';
export { type OperationHooks, type OperationRun, runHooks, toPlugin } from './operation-hooks.ts';
export { createOutageLog } from './outage-log.ts';
export { openProcessMetrics, type ProcessMetrics } from './process-metrics.ts';
export { quoteJson } from './quote-json.ts';
export { refusalLabels } from './refusal-labels.ts';
export { noteRefusal, type RefusalNote, refusalNotesOf } from './refusal-notes.ts';
export {
  assertReadableBody,
  createHostCheck,
  isLoopback,
  otherHost,
  valuesOfHeader,
} from './request-checks.ts';
export {
  createRequestId,
  type RequestFollower,
  requestIdHeader,
  requestIdOf,
  withRequestId,
} from './request-follower.ts';
export { findRequestIds, type RequestIds, runAsRequest } from './request-ids.ts';
export { createRequestValue, type RequestValue } from './request-value.ts';
export { listen, type RunningServer, runProcess } from './run-process.ts';
export { describeSettings, type Setting } from './settings.ts';
export {
  formatSignetContext,
  parseSignetContext,
  type SignetContext,
  signetContextHeader,
  withTimeout,
} from './signet-context.ts';
