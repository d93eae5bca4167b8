import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GraphQLError, Lexer, Source, TokenKind } from 'graphql';
import type { LimitConfig } from '../config.ts';
import { refuseExcess } from './refuse-excess.ts';

const opening: ReadonlySet<string> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const closing: ReadonlySet<string> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

/**
 * Counts tokens and open brackets with the lexer of the parser that follows, so that both read the same, and stops at
 * the first excess. The parser calls itself for each bracket: a few thousand of them would overflow its stack.
 *
 * @throws {RefusalError} `request.limit.characters`, `request.limit.tokens`, `request.limit.nesting`.
 */
export function assertSourceWithinLimits(source: string, config: LimitConfig): void {
  // Comments, commas and long strings are few tokens, but every character takes time.
  refuseExcess(config, 'LIMIT_CHARACTERS', source.length);
  const lexer = new Lexer(new Source(source));
  let tokens = 0;
  let nesting = 0;
  for (let token = advance(lexer); token !== undefined; token = advance(lexer)) {
    tokens += 1;
    refuseExcess(config, 'LIMIT_TOKENS', tokens, { isAtLeast: true });
    if (opening.has(token)) {
      nesting += 1;
      refuseExcess(config, 'LIMIT_NESTING', nesting, { isAtLeast: true });
    } else if (closing.has(token)) {
      nesting -= 1;
    }
  }
}

/** The kind of the next token. Undefined at the end, and where the parser will report a fault. */
function advance(lexer: Lexer): string | undefined {
  try {
    const { kind } = lexer.advance();
    return kind === TokenKind.EOF ? undefined : kind;
  } catch (error) {
    if (error instanceof GraphQLError) {
      return undefined;
    }
    throw error;
  }
}

/** @throws {RefusalError} as `assertSourceWithinLimits` */
export type SourceCheck = (source: string) => void;

/**
 * Checks the text of operations. `findKnown` returns an object that stands for a text which the entrance keeps: such a text is checked
 * once.
 */
export function createSourceCheck(
  config: LimitConfig,
  findKnown: (source: string) => object | undefined = () => undefined,
): SourceCheck {
  const passed = new WeakSet<object>();
  return (source) => {
    const known = findKnown(source);
    if (known && passed.has(known)) return;
    assertSourceWithinLimits(source, config);
    if (known) passed.add(known);
  };
}

/** Checks the text of operations sent to `path` before it is parsed. */
export function registerSourceLimits(server: FastifyInstance, path: string, check: SourceCheck): void {
  server.addHook('preHandler', (request, _reply, done) => {
    if (request.routeOptions.url !== path) {
      return done();
    }
    try {
      for (const source of sourcesOf(request)) check(source);
    } catch (error) {
      return done(error as Error);
    }
    done();
  });
}

/**
 * The texts where Apollo Server looks for them, read in the same way: another reading of the URL could miss what it
 * finds.
 */
function sourcesOf({ method, url, body }: FastifyRequest): string[] {
  if (method === 'GET') {
    return URL.parse(url, 'http://gateway')?.searchParams.getAll('query') ?? [];
  }
  const { query } = (body ?? {}) as { query?: unknown };
  return typeof query === 'string' ? [query] : [];
}
