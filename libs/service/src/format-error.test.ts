import type { ServerResponse } from 'node:http';
import { GraphQLError } from 'graphql';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { badInput, type ErrorTranslation, RefusalError, refusalHeaders } from './errors.ts';
import { createErrorFormatter } from './format-error.ts';
import { runAsRequest } from './request-ids.ts';

const secret = 'hunter2';

function createFormatter(
  options: { isGateway?: boolean; translate?: ErrorTranslation; hideSchemaDetails?: boolean } = {},
) {
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
  const format = createErrorFormatter({
    logger,
    trustsExtensions: options.isGateway ?? false,
    hideSchemaDetails: options.hideSchemaDetails ?? false,
    ...(options.translate && { translate: options.translate }),
  });
  return { lines, format: (error: GraphQLError) => format(error.toJSON(), error) };
}

/** As Apollo hands on what a resolver threw. */
function thrownBy(cause: Error): GraphQLError {
  return new GraphQLError(cause.message, {
    path: ['me'],
    originalError: cause,
    extensions: {
      code: 'INTERNAL_SERVER_ERROR',
      stacktrace: [secret],
      ...(cause as GraphQLError).extensions,
    },
  });
}

/** As @apollo/gateway hands on an error of a subgraph's answer. */
function fromSubgraph(message: string, extensions: Record<string, unknown>): GraphQLError {
  return new GraphQLError(message, { path: ['me'], extensions: { ...extensions, serviceName: 'auth' } });
}

const internal = {
  message: 'Something went wrong on our side.',
  path: ['me'],
  extensions: { code: 'INTERNAL_SERVER_ERROR' },
};

test('lets a refusal out, wrapped or not, with code and reason alone', () => {
  const { format, lines } = createFormatter();
  const refusal = badInput('quantity', 'Too many.');
  refusal.extensions.http = { status: 400 };
  const wrapped = new Error('outer', { cause: refusal });
  for (const error of [refusal, thrownBy(refusal), thrownBy(wrapped)]) {
    expect(format(error)).toMatchObject({ message: 'Too many.' });
    expect(format(error).extensions).toEqual({ code: 'BAD_USER_INPUT', reason: 'input.quantity' });
  }
  expect(lines).toEqual([]);
});

test('lets what a step-up asks for out, thrown here or by a subgraph, and nothing else of it', () => {
  const { format } = createFormatter({ isGateway: true });
  const extensions = { code: 'FORBIDDEN', reason: 'authz.step_up.required' };
  const stepUp = { maxAge: 300 };
  const refusal = new RefusalError('authz.step_up.required', { stepUp });
  expect(format(thrownBy(refusal)).extensions).toEqual({ ...extensions, stepUp });
  const passedOn = (value: unknown) =>
    format(fromSubgraph('Confirm.', { ...extensions, stepUp: value })).extensions;
  expect(passedOn({ ...stepUp, secret })).toEqual({ ...extensions, stepUp });
  for (const malformed of [{ maxAge: '300' }, { maxAge: 0.5 }, 300, 'x', null, [300], {}]) {
    expect(passedOn(malformed)).toEqual(extensions);
  }
});

test('a refusal for an old sign-in is 401 with the challenge of RFC 9470', () => {
  const refusal = new RefusalError('authz.step_up.required', { stepUp: { maxAge: 60 } });
  expect(refusal.httpStatus).toBe(401);
  expect(refusalHeaders(refusal)).toEqual([
    [
      'www-authenticate',
      expect.stringMatching(/^Bearer error="insufficient_user_authentication",.*, max_age="60"$/),
    ],
  ]);
});

test('lets nothing of a cause out, and logs it', () => {
  const { format, lines } = createFormatter();
  expect(format(thrownBy(new Error(`select ${secret}`)))).toEqual(internal);
  expect(
    format(thrownBy(new GraphQLError(secret, { extensions: { code: 'FORBIDDEN', reason: secret } }))),
  ).toEqual(internal);
  expect(lines).toHaveLength(2);
});

test("translates a library's error, and logs the cause of an outage", () => {
  const { format, lines } = createFormatter({
    translate: (cause) => new RefusalError('service.unavailable', { cause }),
  });
  expect(format(thrownBy(new Error(secret)))).toMatchObject({
    extensions: { code: 'SERVICE_UNAVAILABLE', reason: 'service.unavailable' },
  });
  expect(JSON.stringify(format(thrownBy(new Error(secret))))).not.toContain(secret);
  expect(lines.map((line) => line.includes(secret))).toEqual([true, true]);
  expect(lines.map((line) => line.includes('"stack"'))).toEqual([true, false]);
});

test.each([
  [
    `Variable "$input" got invalid value "${secret}" at "input.password"; Int cannot represent "${secret}"`,
    'password',
  ],
  [`Variable "$input" got invalid value { a: "${secret}" }; Field "b" is required`, 'input'],
  [`Variable "$input" got invalid value "x at \\"${secret}\\"; y" at "input.items[3].no_of"; bad`, 'no_of'],
  ['Variable "$id" of required type "ID!" was not provided.', 'id'],
  ['Variable "$_id" of non-null type "ID!" must not be null.', '_id'],
])('never echoes the value of a variable: %s', (message, field) => {
  const formatted = createFormatter().format(
    new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } }),
  );
  expect(JSON.stringify(formatted)).not.toContain(secret);
  expect(formatted.extensions).toEqual({ code: 'BAD_USER_INPUT', reason: `input.${field}` });
});

test.each([
  ['GRAPHQL_VALIDATION_FAILED', `Int cannot represent non-integer value: "${secret}"`],
  ['GRAPHQL_VALIDATION_FAILED', `Expected value of type "DateTime", found "${secret}"; Bad ${secret}`],
  ['GRAPHQL_PARSE_FAILED', `Syntax Error: Unexpected String "${secret}".`],
])('never echoes a literal: %s %s', (code, message) => {
  const formatted = createFormatter().format(new GraphQLError(message, { extensions: { code } }));
  expect(formatted.extensions).toEqual({ code });
  expect(formatted.message).not.toContain(secret);
});

test('keeps the text of a fault of the document', () => {
  const message = 'Cannot query field "x" on type "Query".';
  const error = new GraphQLError(message, {
    extensions: { code: 'GRAPHQL_VALIDATION_FAILED', stacktrace: ['x'] },
  });
  expect(createFormatter().format(error)).toEqual({
    message,
    extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
  });
});

test("at the gateway, lets a subgraph's refusal out without the subgraph's name", () => {
  const { format } = createFormatter({ isGateway: true });
  const extensions = { code: 'FORBIDDEN', reason: 'authz.platform.deny' };
  expect(format(fromSubgraph('No.', { ...extensions, stacktrace: [secret], url: secret }))).toEqual({
    message: 'No.',
    path: ['me'],
    extensions,
  });
});

test.each([
  { code: 'GRAPHQL_VALIDATION_FAILED' },
  { code: 'GRAPHQL_PARSE_FAILED' },
  { code: 'BAD_REQUEST' },
  { code: 'NOT_FOUND' },
  { code: 'DOWNSTREAM_SERVICE_ERROR' },
  { code: 'FORBIDDEN' },
  { code: 'FORBIDDEN', reason: 'auth.failure.expired' },
  { code: 'UNAUTHENTICATED', reason: 'auth.failure.made_up' },
  { code: 'toString' },
  { code: { toString: 'x' } },
  {},
])('at the gateway, conceals and logs what a subgraph should not say: %o', (extensions) => {
  const { format, lines } = createFormatter({ isGateway: true });
  expect(format(fromSubgraph(secret, extensions))).toEqual(internal);
  expect(lines).toHaveLength(1);
});

test("at the gateway, passes a subgraph's internal error on without its text, and logs its own", () => {
  const { format, lines } = createFormatter({ isGateway: true });
  expect(format(fromSubgraph(secret, { code: 'INTERNAL_SERVER_ERROR' }))).toEqual(internal);
  expect(lines).toEqual([]);
  expect(format(thrownBy(new Error('the planner broke')))).toEqual(internal);
  expect(lines).toHaveLength(1);
});

test('at the gateway, faults of the document itself pass', () => {
  const error = new GraphQLError('Unknown argument.', { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } });
  expect(createFormatter({ isGateway: true }).format(error).extensions).toEqual({
    code: 'GRAPHQL_VALIDATION_FAILED',
  });
});

test("says nothing of an engine's limits in which the parser ran", () => {
  const error = new GraphQLError('Unexpected error: Maximum call stack size exceeded', {
    extensions: { code: 'GRAPHQL_PARSE_FAILED' },
  });
  expect(createFormatter().format(error).message).toBe('The document can not be parsed.');
});

test('makes a new error for each answer, so that none can change for another', () => {
  const { format } = createFormatter();
  const [first, second] = [format(thrownBy(new Error(secret))), format(thrownBy(new Error(secret)))];
  expect(first).toEqual(second);
  expect(first.extensions).not.toBe(second.extensions);
});

test('where the schema is hidden, names nothing that the client did not send', () => {
  const { format } = createFormatter({ hideSchemaDetails: true });
  const text = 'Cannot query field "mee" on type "Query". Did you mean "me"?';
  const error = new GraphQLError(text, { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } });
  expect(format(error).message).toBe('Cannot query field "mee".');
});

test('in a server with an error format of its own, its GraphQLErrors pass, and no value that graphql-js writes into one', () => {
  const format = createErrorFormatter({ logger: pino({ level: 'silent' }), passesOwnErrors: true });
  const formatted = (cause: Error) => format(thrownBy(cause).toJSON(), thrownBy(cause));
  expect(formatted(new GraphQLError('Gone.', { extensions: { code: 'GONE', since: 1 } }))).toEqual({
    message: 'Gone.',
    path: ['me'],
    extensions: { code: 'GONE', since: 1 },
  });
  for (const cause of [
    new Error(secret),
    new GraphQLError(`String cannot represent value: { password: "${secret}" }`),
    new GraphQLError(`Expected value of type "User" but got: { password: "${secret}" }.`),
    new GraphQLError(secret, { originalError: new Error(secret) }),
  ]) {
    expect(formatted(cause)).toMatchObject({ extensions: { code: 'INTERNAL_SERVER_ERROR' } });
    expect(JSON.stringify(formatted(cause))).not.toContain(secret);
  }
});

test('passes a challenge on from a subgraph, its three fields alone, and only with its reason', () => {
  const { format } = createFormatter({ isGateway: true });
  const code = 'UNAUTHENTICATED';
  const reason = 'auth.challenge_required';
  const challenge = { id: 'x'.repeat(43), methods: ['totp'], expiresAt: '2026-11-29T12:00:00.000Z' };
  const extensionsOf = (extensions: Record<string, unknown>) =>
    format(fromSubgraph('A factor.', extensions)).extensions;
  expect(extensionsOf({ code, reason, challenge: { ...challenge, secret } })).toEqual({
    code,
    reason,
    challenge,
  });
  const other = 'auth.failure.invalid_credentials';
  expect(extensionsOf({ code, reason: other, challenge })).toEqual({ code, reason: other });
  for (const bad of [
    secret,
    { ...challenge, id: secret },
    { ...challenge, methods: [secret] },
    { ...challenge, methods: [] },
    { ...challenge, expiresAt: secret },
  ]) {
    expect(extensionsOf({ code, reason, challenge: bad })).toEqual({ code, reason });
  }
  const refusal = new RefusalError(reason, { challenge: { ...challenge, methods: ['totp'] } });
  expect(createFormatter().format(thrownBy(refusal)).extensions).toEqual({ code, reason, challenge });
});

test('a request whose fields fail a thousand times has a few lines in the log, and the next one has its own', () => {
  const { format, lines } = createFormatter({ isGateway: true });
  const response = { writableEnded: false } as ServerResponse;
  const failAll = (requestId: string) =>
    runAsRequest({ requestId }, response, () => {
      for (let place = 0; place < 1000; place += 1) {
        expect(format(fromSubgraph('odd', { code: 'ODD' }))).toEqual(internal);
      }
    });
  failAll('one');
  expect(lines).toHaveLength(11);
  expect(lines.at(-1)).toContain('further errors of this request are not logged');
  failAll('two');
  expect(lines).toHaveLength(22);
});
