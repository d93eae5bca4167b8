import { Kind, type OperationDefinitionNode, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { countCredentialFields } from './credential-limit.ts';

function count(text: string): number {
  const document = parse(text);
  const operation = document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION);
  return countCredentialFields(document, operation as OperationDefinitionNode);
}

describe('countCredentialFields', () => {
  it.each([
    ['mutation { placeOrder { id } logout }', 0],
    ['mutation { login { expiresIn } logout }', 1],
    ['mutation { changePassword(input: { login: 1 }) }', 1],
    ['mutation { ...a } fragment a on Mutation { login { expiresIn } }', 1],
    ['mutation { ...unknown login { expiresIn } }', 1],
  ])('allows %j', (text, expected) => {
    expect(count(text)).toBe(expected);
  });

  it.each([
    'mutation { a: login { expiresIn } b: login { expiresIn } }',
    'mutation { login { expiresIn } portalLogin { expiresIn } }',
    'mutation { refresh { expiresIn } portalRefresh { expiresIn } }',
    'mutation { changePassword register { expiresIn } }',
    'mutation { a: login { expiresIn } b: login @skip(if: true) { expiresIn } }',
    'mutation { a: login { expiresIn } ... on Mutation { b: login { expiresIn } } }',
    'mutation { a: login { expiresIn } ... @include(if: true) { ... { b: login { expiresIn } } } }',
    'mutation { ...a ...b } fragment a on Mutation { a: login { expiresIn } } fragment b on Mutation { b: login { expiresIn } }',
    'mutation { ...a login { expiresIn } } fragment a on Mutation { ...b } fragment b on Mutation { b: login { expiresIn } }',
  ])('finds two in %j', (text) => {
    expect(count(text)).toBe(2);
  });

  it('is done at once with fragments that double with each line', () => {
    const lines = Array.from(
      { length: 200 },
      (_, index) => `fragment f${index} on Mutation { ...f${index + 1} ...f${index + 1} logout }`,
    );
    const text = `mutation { ...f0 } ${lines.join('\n')} fragment f200 on Mutation { logout }`;
    expect(count(text)).toBe(0);
    expect(
      count(text.replace('f200 on Mutation { logout }', 'f200 on Mutation { login { expiresIn } }')),
    ).toBe(2);
  });
});
