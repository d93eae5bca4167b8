import { parseSignetContext, type SignetContext, signetContextHeader } from '@signet/service';
import type { FastifyRequest } from 'fastify';

/** What a gateway says of the client of a request; undefined where the header is missing or malformed. */
export type ContextReader = (request: FastifyRequest) => SignetContext | undefined;

/** Creates a reader of Signet-Context that parses the header of a request once, whoever asks. Whether to believe it is decided elsewhere. */
export function createContextReader(): ContextReader {
  const contexts = new WeakMap<FastifyRequest, SignetContext | 'none'>();
  return (request) => {
    let context = contexts.get(request);
    if (context === undefined) {
      const header = request.headers[signetContextHeader];
      context = parseSignetContext(typeof header === 'string' ? header : undefined) ?? 'none';
      contexts.set(request, context);
    }
    return context === 'none' ? undefined : context;
  };
}
