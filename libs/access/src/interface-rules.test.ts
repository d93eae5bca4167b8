import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { interfaceConditionsOf } from './interface-rules.ts';
import { readRuleBook, withDefaultAccess } from './rule-book.ts';

const read = (sdl: string) => readRuleBook(parse(sdl));

describe('the conditions of an interface', () => {
  it('are its own where no implementation has them', () => {
    const book = read(`
      interface Page @authenticated { title: String draft: String @requiresScopes(scopes: [["edit"]]) }
      type Article implements Page { title: String draft: String }`);
    const authenticated = { kind: 'authenticated' };
    const persons = { kind: 'callers', are: ['person'] };
    expect(interfaceConditionsOf(book, 'Page')).toEqual([authenticated, persons]);
    expect(interfaceConditionsOf(book, 'Page', 'title')).toEqual([authenticated, persons]);
    expect(interfaceConditionsOf(book, 'Page', 'draft')).toEqual([
      authenticated,
      persons,
      { kind: 'scopes', anyOf: [['edit']] },
      persons,
    ]);
  });

  it('are copies where one implementation has them, or several together', () => {
    const book = read(`
      interface Media @authenticated { title: String @requiresScopes(scopes: [["a", "b"], ["a", "c"]]) }
      type Film implements Media { title: String @requiresScopes(scopes: [["a"]]) }
      type Song implements Media @authenticated { title: String @requiresScopes(scopes: [["b"], ["c"]]) }`);
    expect(interfaceConditionsOf(book, 'Media')).toEqual([]);
    expect(interfaceConditionsOf(book, 'Media', 'title')).toEqual([]);
  });

  it('stay where the implementations ask for less', () => {
    const book = read(`
      interface Media { title: String @requiresScopes(scopes: [["a", "b"]]) }
      type Film implements Media { title: String @requiresScopes(scopes: [["a"]]) }
      type Song implements Media { title: String @requiresScopes(scopes: [["b"], ["c"]]) }`);
    expect(interfaceConditionsOf(book, 'Media', 'title')).toEqual([{ kind: 'scopes', anyOf: [['a', 'b']] }]);
  });

  it('are none where the schema has none, whatever the default', () => {
    const book = read('interface Media { title: String } type Film implements Media { title: String }');
    expect(interfaceConditionsOf(withDefaultAccess(book, 'authenticated'), 'Media', 'title')).toEqual([]);
    expect(interfaceConditionsOf(book, 'Unknown', 'title')).toEqual([]);
  });
});
