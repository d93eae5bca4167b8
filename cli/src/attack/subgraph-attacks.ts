import {
  type Attack,
  type AttackClient,
  type Reply,
  shorten,
  type Target,
  wonUnlessRefused,
  wonUnlessStatus,
} from '@signet/testing/attack';

/** Sends the same to every subgraph that can be reached; one that can't is closed. */
async function atEach(
  { subgraphs }: Target,
  attack: (subgraph: AttackClient) => Promise<Reply>,
): Promise<string | undefined> {
  for (const subgraph of subgraphs) {
    const reply = await attack(subgraph).catch(() => undefined);
    const won = reply && (wonUnlessRefused(reply) ?? (findText(reply) ? `it shows its SDL` : undefined));
    if (won) return `${subgraph.url}: ${won}`;
  }
  return undefined;
}

const findText = ({ text }: Reply) => /type Query\b/.test(text);
const context = 'entrance=portal, address="127.0.0.1", tenant="demo", auth=?1';
const representations = [
  { __typename: 'User', id: '00000000-0000-7000-8000-000000000000', email: 'x@example.com' },
];
const entities =
  'query ($r: [_Any!]!) { _entities(representations: $r) { __typename ... on User { email } } }';

/** Past the gateway, or through it to what only the gateway may ask. */
export const subgraphAttacks: readonly Attack[] = [
  {
    name: '_entities through the gateway',
    tried: 'an entity by a representation of the own making',
    run: async ({ graph, customer }) =>
      wonUnlessRefused(await graph.ask(entities, { token: customer, variables: { r: representations } })),
  },
  {
    name: '_service through the gateway',
    tried: "a subgraph's SDL",
    run: async ({ graph }) => wonUnlessRefused(await graph.ask('{ _service { sdl } }')),
  },
  {
    name: 'subgraph, straight',
    tried: 'each subgraph asked without the gateway, without a token',
    run: (target) => atEach(target, (subgraph) => subgraph.ask('{ __typename _service { sdl } }')),
  },
  {
    name: 'subgraph, with a token',
    tried: "each subgraph asked without the gateway, with a customer's and a staff token",
    run: async (target) =>
      (await atEach(target, (subgraph) =>
        subgraph.ask('{ _service { sdl } }', { token: target.customer }),
      )) ??
      (await atEach(target, (subgraph) => subgraph.ask('{ _service { sdl } }', { token: target.staff }))),
  },
  {
    name: 'subgraph, own context',
    tried: 'each subgraph with a Signet-Context of the own making',
    run: (target) =>
      atEach(target, (subgraph) =>
        subgraph.ask('{ _service { sdl } }', {
          token: target.customer,
          headers: { 'signet-context': context, 'x-forwarded-for': '127.0.0.1' },
        }),
      ),
  },
  {
    name: 'subgraph, forged proof',
    tried: 'each subgraph with a signature by a key of the own making',
    run: (target) =>
      atEach(target, (subgraph) => {
        const created = Math.floor(Date.now() / 1000);
        return subgraph.ask('{ _service { sdl } }', {
          headers: {
            'signet-context': context,
            'content-digest': `sha-256=:${Buffer.alloc(32).toString('base64')}:`,
            'signature-input': `sig=("@method" "@path" "content-digest" "signet-context");created=${created};nonce="AAAAAAAAAAAAAAAAAAAAAA";keyid="gateway-portal";alg="hmac-sha256"`,
            signature: `sig=:${Buffer.alloc(32).toString('base64')}:`,
          },
        });
      }),
  },
  {
    name: 'subgraph, sign-in',
    tried: 'login at auth itself, past the gateway’s limits',
    run: (target) =>
      atEach(target, (subgraph) =>
        subgraph.ask('mutation ($i: LoginInput!) { login(input: $i) { accessToken } }', {
          variables: { i: { email: target.accounts.customer, password: target.accounts.password } },
        }),
      ),
  },
  {
    name: 'context through the gateway',
    tried: "Signet-Context of the own making: another tenant's customers",
    async run({ graph, staff }) {
      const query = '{ customers(first: 1) { totalCount edges { node { id } } } }';
      const honest = await graph.ask(query, { token: staff });
      const forged = await graph.ask(query, {
        token: staff,
        headers: { 'signet-context': 'tenant="globex", entrance=portal' },
      });
      return forged.text === honest.text ? undefined : `the answer differs: ${shorten(forged.text)}`;
    },
  },
  {
    name: 'address of the own choosing',
    tried: 'X-Forwarded-For and Forwarded at sign-in, seen in the list of sessions',
    async run(target) {
      const headers = { 'x-forwarded-for': '203.0.113.66', forwarded: 'for=203.0.113.66' };
      const { accessToken } = await target.signIn('login', target.accounts.other, headers);
      const reply = await target.graph.ask('{ mySessions { current address } }', {
        token: accessToken,
        headers,
      });
      return reply.text.includes('203.0.113.66') ? 'the server believed the header' : undefined;
    },
  },
  {
    name: 'method override',
    tried: 'X-HTTP-Method-Override, a mutation by GET',
    run: async ({ graph }) =>
      wonUnlessStatus(
        await graph.send(`/graphql?query=${encodeURIComponent('mutation { logout }')}`, {
          headers: { 'x-http-method-override': 'POST', 'apollo-require-preflight': 'yes' },
        }),
        400,
        405,
      ),
  },
];
