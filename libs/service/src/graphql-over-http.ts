import { type ApolloServerPlugin, HeaderMap } from '@apollo/server';

/** The two forms of an answer (GraphQL over HTTP, section "Media Types"). */
export type AnswerType = 'application/json' | 'application/graphql-response+json';

/**
 * The form of the answer that a client's Accept asks for (RFC 9110, section 12.5.1), and whether it names that form.
 * Undefined where it takes neither. Where it names both alike, the newer one: its statuses say more.
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

/** The most specific range counts, so that a wildcard brings back nothing that is excluded by name. */
function findQuality(ranges: ReadonlyMap<string, number>, type: AnswerType) {
  const named = ranges.get(type);
  return {
    quality: named ?? ranges.get('application/*') ?? ranges.get('*/*') ?? 0,
    isNamed: named !== undefined,
  };
}

/**
 * Refuses a request in which there is nothing to run: no operation has the name that it gives, or the schema has no such
 * kind of operation (validation does not object to `subscription { x }`). Executing it would be a fault of ours.
 */
export const refuseUnrunnableOperation: ApolloServerPlugin = {
  async requestDidStart() {
    return {
      async responseForOperation({ schema, operation }) {
        // Undefined where no operation has the name; Apollo's types leave that out.
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
