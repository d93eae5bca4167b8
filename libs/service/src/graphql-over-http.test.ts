import { expect, test } from 'vitest';
import { chooseAnswerType } from './graphql-over-http.ts';

const json = 'application/json';
const response = 'application/graphql-response+json';

test.each<[string | undefined, [string, boolean] | undefined]>([
  [undefined, [json, false]],
  ['', [json, false]],
  ['*/*', [json, false]],
  ['application/*', [json, false]],
  [json, [json, true]],
  ['APPLICATION/JSON', [json, true]],
  [`${json}; charset=latin1`, [json, true]],
  [response, [response, true]],
  [`${json}, ${response}`, [response, true]],
  [`${json}, ${response};q=0.5`, [json, true]],
  [`${response};q=0.5, */*;q=0.1`, [response, true]],
  [`${json};q=0, */*`, [response, false]],
  [`${json};q=0`, undefined],
  [`*/*, ${json};q=0, ${response};q=0.0`, undefined],
  ['*/*;q=0', undefined],
  ['text/html', undefined],
  ['text/html, */*;q=0.1', [json, false]],
  ['application/jsonx', undefined],
  ['nonsense', undefined],
])('Accept %j is answered with %j', (accept, wanted) => {
  const answer = chooseAnswerType(accept);
  expect(answer && [answer.type, answer.isNamed]).toEqual(wanted);
});
