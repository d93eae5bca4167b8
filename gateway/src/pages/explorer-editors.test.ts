import { expect, it } from 'vitest';

type WithAuthorization = (
  text: string,
  accessToken: string | undefined,
  mayReplace: (value: string) => boolean,
) => string;

// A script of the page, without types: hence not a plain import.
const { withAuthorization }: { withAuthorization: WithAuthorization } = await import(
  './client/explorer-editors.js' as string
);
const always = () => true;
const never = () => false;

it('adds the token beside other headers, once', () => {
  const text = withAuthorization('{"x-tenant":"demo","authorization":"Bearer old"}', 'new', always);
  expect(JSON.parse(text)).toEqual({ 'x-tenant': 'demo', Authorization: 'Bearer new' });
});

it('takes the token away, and leaves nothing where nothing was', () => {
  expect(withAuthorization('{"Authorization":"Bearer old"}', undefined, always)).toBe('');
  expect(withAuthorization('', undefined, always)).toBe('');
});

it('keeps a header that is not its own', () => {
  const typed = '{ "AUTHORIZATION": "Bearer mine" }';
  expect(withAuthorization(typed, 'new', never)).toBe(typed);
});

it.each(['{ not json', '"text"', 'null', ''])('starts anew from %j', (text) => {
  expect(JSON.parse(withAuthorization(text, 'new', always))).toEqual({ Authorization: 'Bearer new' });
});
