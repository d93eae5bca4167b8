import { type Attack, prototypeNames, shorten } from '@signet/testing/attack';

/** Names that every object has: right answers or clean refusals, and the same answers to others afterwards. */
export const prototypeAttacks: readonly Attack[] = [
  {
    name: '__proto__ as an alias',
    tried: 'aliases of fields of auth and portal',
    async run({ graph, staff: token }) {
      const query = '{ customers(first: 1) { edges { node { email } } } }';
      const honest = await graph.ask(query, { token });
      for (const name of prototypeNames) {
        const reply = await graph.ask(
          `{ ${name}: customers(first: 1) { ${name}: edges { ${name}: node { ${name}: createdAt supportNotes(first: 1) { ${name}: pageInfo { ${name}: hasNextPage } } } } } }`,
          { token },
        );
        const isRight = reply.status === 200 && reply.text.split(`"${name}"`).length === 7;
        if (!isRight && reply.status !== 400) return `HTTP ${reply.status}: ${shorten(reply.text)}`;
      }
      const after = await graph.ask(query, { token });
      return after.text === honest.text ? undefined : `others are answered ${shorten(after.text)}`;
    },
  },
  {
    name: '__proto__ as a key',
    tried: 'keys of the body, of variables and of inputs',
    async run({ graph }) {
      for (const name of prototypeNames) {
        const pollution = `{"${name}":{"polluted":"yes","data":{"x":1}}}`;
        for (const body of [
          `{"query":"{ __typename }","${name}":${pollution}}`,
          `{"query":"{ __typename }","variables":${pollution}}`,
          `{"query":"mutation ($i: LogoutInput) { logout(input: $i) }","variables":{"i":${pollution}}}`,
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
    async run({ graph, staff: token }) {
      for (const name of prototypeNames) {
        for (const query of [
          `query ${name} { __typename }`,
          `query ($${name}: Int = 1) { customers(first: $${name}) { totalCount } }`,
          `{ customers(${name}: 1) { totalCount } }`,
          `{ ${name} { ${name} } }`,
          `{ ...${name} } fragment ${name} on Query { __typename }`,
          `{ auditLog(filter: { ${name}: { polluted: 1 } }) { edges { cursor } } }`,
        ]) {
          const { status, text } = await graph.ask(query, { token, operationName: name });
          if (status >= 500) return `HTTP ${status}: ${shorten(text)}`;
        }
      }
      return undefined;
    },
  },
];
