import type { Attack } from './attack.ts';
import { shorten } from './verdicts.ts';

const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];

/** Names that every object has: right answers or clean refusals, and the same answers to others afterwards. */
export const prototypeAttacks: readonly Attack[] = [
  {
    name: '__proto__ as an alias',
    tried: 'aliases of several subgraphs’ fields',
    async run({ graph }) {
      const honest = await graph.ask('{ products(first: 1) { edges { node { name } } } }');
      for (const name of names) {
        const reply = await graph.ask(
          `{ ${name}: products(first: 1) { ${name}: edges { ${name}: node { ${name}: name stock { ${name}: available } } } } }`,
        );
        const isRight = reply.status === 200 && reply.text.split(`"${name}"`).length === 6;
        if (!isRight && reply.status !== 400) return `HTTP ${reply.status}: ${shorten(reply.text)}`;
      }
      const after = await graph.ask('{ products(first: 1) { edges { node { name } } } }');
      return after.text === honest.text ? undefined : `others are answered ${shorten(after.text)}`;
    },
  },
  {
    name: '__proto__ as a key',
    tried: 'keys of the body, of variables and of inputs',
    async run({ graph }) {
      for (const name of names) {
        const pollution = `{"${name}":{"polluted":"yes","data":{"x":1}}}`;
        for (const body of [
          `{"query":"{ __typename }","${name}":${pollution}}`,
          `{"query":"{ __typename }","variables":${pollution}}`,
          `{"query":"query ($f: ProductFilter) { products(filter: $f) { totalCount } }","variables":{"f":${pollution}}}`,
          `{"query":"{ __typename }","extensions":${pollution}}`,
        ]) {
          const { status, text } = await graph.post(body);
          if (status >= 500 || text.includes('polluted')) return `HTTP ${status}: ${shorten(text)}`;
        }
      }
      const { text } = await graph.ask('{ __typename }');
      return text.trim() === '{"data":{"__typename":"Query"}}'
        ? undefined
        : `others are answered ${shorten(text)}`;
    },
  },
  {
    name: '__proto__ as a name',
    tried: 'operation, variable, argument, field and fragment',
    async run({ graph }) {
      for (const name of names) {
        for (const query of [
          `query ${name} { __typename }`,
          `query ($${name}: Int = 1) { products(first: $${name}) { totalCount } }`,
          `{ products(${name}: 1) { totalCount } }`,
          `{ ${name} { ${name} } }`,
          `{ ...${name} } fragment ${name} on Query { __typename }`,
          `{ products(filter: { ${name}: { polluted: 1 } }) { totalCount } }`,
        ]) {
          const { status, text } = await graph.ask(query, { operationName: name });
          if (status >= 500) return `HTTP ${status}: ${shorten(text)}`;
        }
      }
      return undefined;
    },
  },
];
