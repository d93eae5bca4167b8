import type { IncomingMessage } from 'node:http';
import {
  createRequestValue,
  parseSignetContext,
  type SignetContext,
  signetContextHeader,
} from '@signet/service';

/** What a gateway says of the client of a request; undefined where the header is missing or malformed. */
export type ContextReader = (request: { raw: IncomingMessage }) => SignetContext | undefined;

/** Creates a reader of Signet-Context that parses the header of a request once, whoever asks. Whether to believe it is decided elsewhere. */
export function createContextReader(): ContextReader {
  const contexts = createRequestValue<SignetContext | 'none'>('context');
  return ({ raw }) => {
    let context = contexts.of(raw);
    if (context === undefined) {
      const header = raw.headers[signetContextHeader];
      context = parseSignetContext(typeof header === 'string' ? header : undefined) ?? 'none';
      contexts.set(raw, context);
    }
    return context === 'none' ? undefined : context;
  };
}
