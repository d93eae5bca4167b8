import { type ASTNode, Kind, Lexer, type Location, type Token, TokenKind } from 'graphql';

/**
 * The name of the argument or input field that a literal is for. For a variable's default, the one that the variable is for.
 * Undefined where the document was parsed without locations.
 */
export function fieldOfValue({ loc }: ASTNode): string | undefined {
  return loc && fieldBefore(firstTokenOf(loc));
}

/** The name of the first argument or input field that takes the variable, else the variable's own. */
export function fieldOfVariable(definition: ASTNode | undefined): string | undefined {
  if (definition?.kind !== Kind.VARIABLE_DEFINITION) return undefined;
  const { name } = definition.variable;
  const use = definition.loc && findUse(firstTokenOf(definition.loc), name.value);
  return (use && fieldBefore(use)) ?? name.value;
}

/** A document that is kept has lost its tokens: they are read from its text again. */
function firstTokenOf({
  startToken,
  source,
  start,
}: Omit<Location, 'startToken'> & { startToken?: Token }): Token {
  if (startToken) return startToken;
  const lexer = new Lexer(source);
  let found = lexer.token;
  for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance()) {
    if (token.start <= start) found = token;
  }
  return found;
}

/** Nothing but the tokens leads from a value to what it is the value of: nodes don't know their parents. */
function fieldBefore(value: Token): string | undefined {
  let depth = 0;
  for (let token = before(value); token; token = before(token)) {
    if (closing.has(token.kind)) depth += 1;
    else if (opening.has(token.kind)) depth = Math.max(0, depth - 1);
    else if (token.kind === TokenKind.COLON && depth === 0) {
      const name = before(token);
      const dollar = name && before(name);
      if (dollar?.kind !== TokenKind.DOLLAR) return name?.value;
      const use = findUse(dollar, name?.value);
      return use ? fieldBefore(use) : name?.value;
    }
  }
  return undefined;
}

const opening = new Set<TokenKind>([TokenKind.BRACKET_L, TokenKind.BRACE_L, TokenKind.PAREN_L]);
const closing = new Set<TokenKind>([TokenKind.BRACKET_R, TokenKind.BRACE_R, TokenKind.PAREN_R]);

/** The first `$name` of the document that stands for a value: after the definition, in its operation, or else anywhere. */
function findUse(definition: Token, name: string | undefined): Token | undefined {
  let first: Token | undefined;
  let start = definition;
  for (let token = before(start); token; token = before(token)) start = token;
  for (let token: Token | null | undefined = start; token; token = after(token)) {
    const named = token.kind === TokenKind.DOLLAR ? after(token) : undefined;
    if (!named || named.value !== name || after(named)?.kind === TokenKind.COLON) continue;
    if (token.start > definition.start) return token;
    first ??= token;
  }
  return first;
}

/** Comments are tokens too. */
function before(token: Token): Token | undefined {
  let previous = token.prev;
  while (previous?.kind === TokenKind.COMMENT) previous = previous.prev;
  return previous ?? undefined;
}

function after(token: Token): Token | undefined {
  let next = token.next;
  while (next?.kind === TokenKind.COMMENT) next = next.next;
  return next ?? undefined;
}
