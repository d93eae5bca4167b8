import { type ApolloServerPlugin, HeaderMap } from '@apollo/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { GraphQLErrorExtensions, GraphQLFormattedError } from 'graphql';
import type { AskedRequest } from './direct-route.ts';
import { errorBody } from './errors.ts';

/** The two media types of an answer (GraphQL over HTTP, section "Media Types"). */
type AnswerType = 'application/json' | 'application/graphql-response+json';

/**
 * The media type that a client's Accept asks for (RFC 9110, section 12.5.1), and whether it names that type. Undefined if the
 * client accepts neither. If it names both with the same quality, the newer one: its HTTP statuses say more.
 */
export function chooseAnswerType(
  accept: string | undefined,
): { type: AnswerType; isNamed: boolean } | undefined {
  const ranges = readRanges(accept?.trim() || '*/*');
  const json = findQuality(ranges, 'application/json');
  const response = findQuality(ranges, 'application/graphql-response+json');
  if (
    response.quality > 0 &&
    (json.quality === 0 || (response.isNamed && response.quality >= json.quality))
  ) {
    return { type: 'application/graphql-response+json', isNamed: response.isNamed };
  }
  return json.quality > 0 ? { type: 'application/json', isNamed: json.isNamed } : undefined;
}

function readRanges(accept: string): ReadonlyMap<string, number> {
  return new Map(
    accept.split(',').map((range) => {
      const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
      const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
      return [
        name,
        quality === undefined || !/^[01](\.\d{0,3})?$/.test(quality) ? 1 : Number(quality),
      ] as const;
    }),
  );
}

/** The most specific range counts: a wildcard does not bring back a type that is excluded by name. */
function findQuality(ranges: ReadonlyMap<string, number>, type: AnswerType) {
  const named = ranges.get(type);
  return {
    quality: named ?? ranges.get('application/*') ?? ranges.get('*/*') ?? 0,
    isNamed: named !== undefined,
  };
}

/** Accept headers that are remembered, and the longest of them: clients send few different ones. */
const maxKnownAccepts = 100;
const maxKnownAcceptLength = 200;

/** The choice of `chooseAnswerType` for requests, made once for each Accept header. */
export function createAnswerTypes() {
  const known = new Map<string, ReturnType<typeof chooseAnswerType>>();
  const choose = ({ headers: { accept = '' } }: AskedRequest) => {
    if (known.has(accept)) return known.get(accept);
    const chosen = chooseAnswerType(accept);
    if (accept.length <= maxKnownAcceptLength) {
      if (known.size >= maxKnownAccepts) known.clear();
      known.set(accept, chosen);
    }
    return chosen;
  };
  return {
    /** Runs before the operation: a mutation must not happen if its answer can't be sent. */
    refuseUnacceptable(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
      const text = 'Answers are application/json or application/graphql-response+json.';
      if (choose(request)) done();
      else void reply.code(406).send(errorBody(text, 'BAD_REQUEST'));
    },
    isAcceptable: (request: AskedRequest): boolean => choose(request) !== undefined,
    contentTypeOf: (request: AskedRequest): string => formatContentType(choose(request)?.type),
  };
}

function formatContentType(type: AnswerType = 'application/json'): string {
  return `${type}; charset=utf-8`;
}

const statusOkUnderJson = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'OPERATION_RESOLUTION_FAILURE',
]);

/** The faults that the specification names. A limit of this server (`request.…`) is 400 under either type. */
function isFaultOfDocument({ code, reason }: GraphQLErrorExtensions = {}): boolean {
  return statusOkUnderJson.has(String(code)) && !String(reason).startsWith('request.');
}

/** Whether what would be 400 is 200 under the media type that was chosen: see `applyAnswerType`. */
export function isOkUnder(
  answer: ReturnType<typeof chooseAnswerType>,
  errors: readonly GraphQLFormattedError[],
): boolean {
  return (
    answer?.type === 'application/json' &&
    answer.isNamed &&
    errors.every((error) => isFaultOfDocument(error.extensions))
  );
}

/**
 * GraphQL over HTTP: under an explicit `Accept: application/json` a well-formed request is answered with 200 even if the
 * operation fails to parse, validate or coerce; otherwise Apollo's 400 stays. The content type is set here because Apollo Server
 * also compares parameters such as charset, and would answer 406 after the operation has run.
 */
export const applyAnswerType: ApolloServerPlugin = {
  async requestDidStart() {
    return {
      async willSendResponse({ request, response }) {
        if (response.body.kind !== 'single') {
          return;
        }
        const answer = chooseAnswerType(request.http?.headers.get('accept'));
        const type = answer?.type ?? 'application/json';
        response.http.headers.set('content-type', formatContentType(type));
        const errors = response.body.singleResult.errors ?? [];
        if (response.http.status === 400 && isOkUnder(answer, errors)) {
          response.http.status = 200;
        }
      },
    };
  },
};

/**
 * Refuses a request without an operation to run: none has the given name, or the schema has no operations of that kind
 * (validation accepts `subscription { x }`). Executing it would end in an internal error.
 */
export const refuseUnrunnableOperation: ApolloServerPlugin = {
  async requestDidStart() {
    return {
      async responseForOperation({ schema, operation }) {
        // Undefined if no operation has the name; Apollo's types omit that.
        const kind = (operation as typeof operation | undefined)?.operation;
        if (kind === undefined) {
          return refuse(
            'OPERATION_RESOLUTION_FAILURE',
            'Name the one operation of the document that is to run.',
          );
        }
        return schema.getRootType(kind)
          ? null
          : refuse('BAD_REQUEST', `This server has no ${kind} operations.`);
      },
    };
  },
};

function refuse(code: string, message: string) {
  return {
    http: { status: 400, headers: new HeaderMap() },
    body: { kind: 'single' as const, singleResult: { errors: [{ message, extensions: { code } }] } },
  };
}
