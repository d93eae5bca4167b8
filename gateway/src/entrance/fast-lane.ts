import { ApolloServerErrorCode } from '@apollo/server/errors';
import { type AskedReply, type AskedRequest, type ErrorFormatter, withRequestId } from '@signet/service';
import { GraphQLError } from 'graphql';
import type { WithDocument } from '../documents/trusted-documents.ts';
import type { AnswerText } from '../execute/executor.ts';
import type { RecordRefused } from '../refusals/record-refused.ts';
import { hasAny } from '../telemetry/telemetry-plugin.ts';
import type { KnownOperation } from './known-operations.ts';
import type { LearnOperation } from './learn-operations.ts';
import { findThrottling } from './operation-plugins.ts';
import type { CreateContext, GatewayContext } from './request-context.ts';

type Context = WithDocument<GatewayContext>;
type Variables = Readonly<Record<string, unknown>>;

export type FastLaneOptions = {
  createContext: CreateContext<Context>;
  /** The operation of a text that has run here before. */
  findKnown(text: string, operationName: string | undefined): KnownOperation | undefined;
  /** Has an operation planned that has not run here before. Without it, Apollo Server does so. */
  learn?: LearnOperation | undefined;
  /** Called before an operation runs. */
  onRun(context: Context): void;
  /** Called for an answer with errors. */
  onRefused: RecordRefused;
  formatError: ErrorFormatter;
};

export type FastLane = {
  /**
   * Answers a known, valid and permitted operation. Undefined for every other request: Apollo Server answers it, refuses it and reports
   * the refusal.
   */
  answer(request: AskedRequest, reply: AskedReply): Promise<string | undefined>;
  /** The context for Apollo Server: of a request that has one already, that one, or what it was refused with. */
  createContext(request: AskedRequest, reply: AskedReply): Promise<Context>;
};

/**
 * The short way of an operation that this entrance knows. Its checks are those of Apollo Server's lane, in the same order; each has been
 * prepared for the operation. It refuses nothing itself: what fails a check goes to Apollo Server's lane, where the same check fails
 * again. So a refusal has one form, and is logged and reported once.
 */
export function createFastLane(options: FastLaneOptions): FastLane {
  const { createContext, findKnown, learn, onRun, onRefused, formatError } = options;
  const created = new WeakMap<AskedRequest['raw'], Promise<Context>>();
  return {
    createContext: async (request, reply) => created.get(request.raw) ?? createContext(request, reply),
    async answer(request, reply) {
      const asked = readParameters(request.body);
      if (!asked) return undefined;
      let context: Context;
      try {
        const creating = createContext(request, reply);
        context = creating instanceof Promise ? await creating : creating;
      } catch (error) {
        created.set(request.raw, failed(error));
        return undefined;
      }
      if (learn) await learn(asked, context);
      const ready = prepare(asked, context, findKnown);
      if (!ready) {
        created.set(request.raw, Promise.resolve(context));
        return undefined;
      }
      onRun(context);
      const { known, cost, variables, coerced } = ready;
      const { requestId, telemetry } = context;
      if (telemetry) {
        telemetry.lane = 'fast';
        telemetry.operation = known.identity;
        telemetry.cost = cost;
        telemetry.plan ??= 'hit';
      }
      try {
        const ran = await known.compiled.run({ variables, coerced, context });
        return finish(ran, context, reply, (status, hasData) =>
          onRefused(context, {
            headers: request.headers,
            status,
            errors: ran.errors,
            hasData,
            operation: known.identity,
          }),
        );
      } catch (error) {
        // It may have changed something, so it is not tried again.
        void reply.code(500);
        const errors = [withRequestId(describeFault(error, formatError), requestId)];
        telemetry?.answered(errors, false);
        const { headers } = request;
        onRefused(context, { headers, status: 500, errors, hasData: false, operation: known.identity });
        return `${JSON.stringify({ errors })}\n`;
      } finally {
        context.answers?.end();
      }
    },
  };
}

/** Apollo Server is to say what went wrong. It may never ask. */
function failed(error: unknown): Promise<never> {
  const rejected = Promise.reject(error);
  rejected.catch(() => {});
  return rejected;
}

export type Parameters = { operationName: string | undefined; variables: Variables; extensions: unknown };

const none: Record<string, unknown> = Object.freeze({});

/** The parameters of a request that has the right form. Apollo Server says what is wrong with any other. */
function readParameters(body: unknown): Parameters | undefined {
  if (!isRecord(body)) return undefined;
  const { query, operationName, variables = none, extensions = none } = body;
  const isWellFormed =
    (query === undefined || typeof query === 'string') &&
    (operationName === undefined || typeof operationName === 'string') &&
    isRecord(variables) &&
    isRecord(extensions);
  if (!isWellFormed) return undefined;
  return { operationName, variables, extensions: withoutPersistedQuery(extensions) };
}

/** It has been read, and is none of the operation's. */
function withoutPersistedQuery(extensions: Record<string, unknown>): Record<string, unknown> {
  if (!Object.hasOwn(extensions, 'persistedQuery')) return extensions;
  const { persistedQuery: _, ...others } = extensions;
  return others;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined where any check fails. */
function prepare(
  { operationName, variables, extensions }: Parameters,
  { document: { text }, session }: Context,
  findKnown: FastLaneOptions['findKnown'],
) {
  const known = text === undefined ? undefined : findKnown(text, operationName);
  const cost = known?.costOf(variables, extensions);
  if (!known || cost === undefined) return undefined;
  const { coerced } = known.compiled.coerce(variables);
  if (!coerced || known.guard()(session, coerced).length > 0) return undefined;
  return { known, cost, variables, coerced };
}

function finish(
  { text, errors }: AnswerText,
  { telemetry }: Context,
  reply: AskedReply,
  onErrors: (status: number, hasData: boolean) => void,
): string {
  if (errors.length === 0) {
    telemetry?.answered(errors, true);
    return text;
  }
  let data: object | null | undefined;
  const readData = () => {
    data ??= JSON.parse(text).data as object | null;
    return data;
  };
  const hasData = hasAny(readData());
  telemetry?.answered(errors, hasData);
  const throttling = findThrottling(errors, readData);
  if (throttling) {
    reply.code(throttling.status);
    reply.header('retry-after', throttling.retryAfter);
  }
  onErrors(throttling?.status ?? 200, hasData);
  return text;
}

/** As Apollo Server describes what an executor throws. */
function describeFault(error: unknown, formatError: ErrorFormatter) {
  const fault =
    error instanceof GraphQLError
      ? error
      : new GraphQLError(String(error instanceof Error ? error.message : error), {
          ...(error instanceof Error && { originalError: error }),
        });
  const code = fault.extensions.code ?? ApolloServerErrorCode.INTERNAL_SERVER_ERROR;
  return formatError({ ...fault.toJSON(), extensions: { ...fault.extensions, code } }, fault);
}
