import type { ExecutionResult } from 'graphql';
import type { Random } from './random.ts';

/** `isSilent`: nothing in the answer shows that it is wrong. */
export type Tampered = { answer: ExecutionResult; isSilent: boolean };

type Json = Record<string, unknown>;

/** Makes an answer of a subgraph wrong in one of many ways. It may change `answer`. */
export function tamperAnswer(answer: ExecutionResult, random: Random): Tampered {
  const kinds = [
    tamperWhole,
    tamperErrors,
    tamperValue,
    tamperValue,
    tamperValue,
    ...(hasEntities(answer) ? [tamperEntities] : []),
  ];
  return random.pick(kinds)(answer, random);
}

function tamperWhole(_answer: ExecutionResult, random: Random): Tampered {
  const message = 'the whole answer failed';
  const answer = random.pick<unknown>([
    null,
    [],
    'text',
    {},
    { data: 5 },
    { data: [] },
    { errors: {} },
    { errors: [] },
    { errors: [null] },
    { data: null },
    { data: null, errors: [{ message }] },
    { data: null, errors: [{ message, path: ['nowhere'], extensions: { code: 'ODD' } }] },
    { errors: [{ message, path: [] }] },
    { errors: [{ message: 5 }] },
  ]);
  return { answer: answer as ExecutionResult, isSilent: false };
}

/** The data stays whole. */
function tamperErrors(answer: ExecutionResult, random: Random): Tampered {
  const path = random.pick<unknown>([
    undefined,
    'text',
    [],
    [null],
    [{}],
    [-1],
    ['_entities', 99_999],
    ['_entities', -1],
    ['_entities', 'x'],
    ['_entities', 0, '__proto__', 'x'],
    ['__proto__'],
    ['constructor', 'name'],
  ]);
  const error = { message: 'an error beside the data', ...(path !== undefined && { path }) };
  const errors = [...(answer.errors ?? []), error];
  return { answer: { ...answer, errors } as unknown as ExecutionResult, isSilent: false };
}

function hasEntities({ data }: ExecutionResult): boolean {
  return Object.values(data ?? {}).some((value) => Array.isArray(value)) && data?._entities !== undefined;
}

function tamperEntities(answer: ExecutionResult, random: Random): Tampered {
  const data = answer.data as Json;
  const entities = data._entities as unknown[];
  if (!Array.isArray(entities) || random.chance(0.2)) {
    data._entities = random.pick<unknown>([null, {}, 'text', 7]);
    return { answer, isSilent: false };
  }
  if (entities.length > 0 && random.chance(0.4)) {
    entities[random.below(entities.length)] = null;
    return { answer, isSilent: true };
  }
  if (random.chance(0.5)) entities.push({ __typename: 'Extra' });
  else entities.pop();
  return { answer, isSilent: false };
}

type Place = { holder: Json | unknown[]; key: string | number };

function tamperValue(answer: ExecutionResult, random: Random): Tampered {
  const places = findPlaces(answer.data);
  if (places.length === 0) return tamperErrors(answer, random);
  const { holder, key } = random.pick(places);
  const value = (holder as Json)[key];
  const change = random.next();
  if (change < 0.15) {
    (holder as Json)[key] = null;
    return { answer, isSilent: true };
  }
  if (change < 0.25 && typeof key === 'string') {
    delete (holder as Json)[key];
    return { answer, isSilent: true };
  }
  if (change < 0.4 && typeof value === 'object' && value !== null) {
    Object.defineProperty(value, random.pick(['__proto__', 'constructor', 'unasked']), {
      value: { polluted: true },
      enumerable: true,
      configurable: true,
      writable: true,
    });
    return { answer, isSilent: false };
  }
  // Anything may be right where null is: a list, an object, a text.
  if (value !== null) (holder as Json)[key] = random.pick(wrongValuesFor(value));
  return { answer, isSilent: false };
}

/** Values that no type takes which takes `value`, but for custom scalars. */
function wrongValuesFor(value: unknown): unknown[] {
  if (Array.isArray(value)) return [{}, 'text', 7];
  if (typeof value === 'object' && value !== null) return [[], 'text', 7, [{}]];
  if (typeof value === 'string') return [{}, [], { __proto__: null, text: 1 }];
  return ['text', {}, []];
}

function findPlaces(value: unknown): Place[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, key) => [{ holder: value, key }, ...findPlaces(item)]);
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [
    { holder: value as Json, key },
    ...findPlaces(item),
  ]);
}
