import { type Attack, shorten, wonUnlessStatus } from '@signet/testing/attack';

const mutation = 'mutation { logout }';
const evil = 'https://attacker.example';
const byUrl = (query: string) => `/graphql?query=${encodeURIComponent(query)}`;

/** What only developers are for: the page that tells people that this is an API has none of it. */
const tools = /sandbox|explorer|sign in|<script/i;

/** What a page of a stranger can make the browser of a customer send. */
export const browserAttacks: readonly Attack[] = [
  {
    name: 'mutation by GET',
    tried: 'a mutation in a link',
    run: async ({ graph }) => wonUnlessStatus(await graph.send(byUrl(mutation)), 400, 405),
  },
  {
    name: 'query by plain GET',
    tried: 'a query in a link, without a header that asks for a preflight',
    run: async ({ graph }) => wonUnlessStatus(await graph.send(byUrl('{ __typename }')), 400, 405),
  },
  ...['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'].map(
    (type): Attack => ({
      name: `form as ${type.split(';')[0]}`,
      tried: 'a mutation that a form sends, without a preflight',
      run: async ({ graph }) =>
        wonUnlessStatus(
          await graph.post(JSON.stringify({ query: mutation }), { 'content-type': type }),
          400,
          415,
        ),
    }),
  ),
  {
    name: 'no type at all',
    tried: 'a body without a content type, and types that look like JSON',
    async run({ graph }) {
      for (const type of [
        '',
        'application/jsonx',
        'text/json',
        'application/json-patch+json',
        'application/json, text/plain',
      ]) {
        const reply = await graph.post(new TextEncoder().encode('{"query":"{ __typename }"}'), {
          'content-type': type,
        });
        const won = wonUnlessStatus(reply, 400, 415);
        if (won) return `'${type}': ${won}`;
      }
      return undefined;
    },
  },
  {
    name: 'charsets',
    tried: 'JSON in UTF-16, UTF-7 and compressed',
    async run({ graph }) {
      const json = '{"query":"{ __typename }"}';
      const utf16 = new Uint8Array(Buffer.from(json, 'utf16le'));
      const forms: [Uint8Array<ArrayBuffer>, Record<string, string>][] = [
        [utf16, { 'content-type': 'application/json; charset=utf-16' }],
        [new TextEncoder().encode(json), { 'content-type': 'application/json; charset=utf-7' }],
        [new TextEncoder().encode(json), { 'content-encoding': 'gzip' }],
      ];
      for (const [body, headers] of forms) {
        const won = wonUnlessStatus(await graph.post(body, headers), 400, 415);
        if (won) return `${JSON.stringify(headers)}: ${won}`;
      }
      return undefined;
    },
  },
  {
    name: 'bytes that are not UTF-8',
    tried:
      'an umlaut in Latin-1, in a body and in a URL, and half a character: each would be read as U+FFFD, so many passwords as one',
    async run({ graph, user, portal, subgraphs }) {
      const json = '{"query":"{ __typename }","variables":{"password":"m\u00fcnchen"}}';
      const bodies = [new Uint8Array(Buffer.from(json, 'latin1')), json.replace('\u00fc', '\\ud800')];
      for (const client of [graph, user, portal, ...subgraphs]) {
        for (const body of bodies) {
          // A subgraph asks for a proof of the sender first.
          const won = wonUnlessStatus(
            await client.post(body),
            400,
            ...(subgraphs.includes(client) ? [401] : []),
          );
          if (won) return `${client.url}, body: ${won}`;
        }
      }
      const headers = { 'apollo-require-preflight': 'yes' };
      const won = wonUnlessStatus(await graph.send(`${byUrl('{ __typename }')}&a=%E9`, { headers }), 400);
      return won && `URL: ${won}`;
    },
  },
  ...[evil, 'null', 'https://localhost.attacker.example', 'http://localhost:3000.attacker.example'].map(
    (origin): Attack => ({
      name: `CORS from ${origin}`,
      tried: 'a preflight and a query by a page of that origin, with credentials',
      async run({ graph, user, portal, customer }) {
        for (const client of [graph, user, portal]) {
          const preflight = await client.send('/graphql', {
            method: 'OPTIONS',
            headers: {
              origin,
              'access-control-request-method': 'POST',
              'access-control-request-headers': 'content-type,authorization',
            },
          });
          const reply = await client.ask('{ __typename }', { headers: { origin } });
          for (const { headers } of [preflight, reply]) {
            const allowed = headers.get('access-control-allow-origin');
            if (allowed === origin) return `${client.url} allows ${allowed}`;
            if (allowed === '*' && headers.get('access-control-allow-credentials') === 'true')
              return 'it allows * with credentials';
          }
        }
        const signedIn = await graph.ask('{ me { id } }', { token: customer, headers: { origin } });
        return signedIn.headers.get('access-control-allow-origin') === '*'
          ? 'it allows * with a token'
          : undefined;
      },
    }),
  ),
  {
    name: 'cookie without its header',
    tried: 'sign-in that asks for a cookie, from a page of a stranger',
    async run({ graph, accounts: { other: email, password } }) {
      const { headers } = await graph.ask('mutation ($i: LoginInput!) { login(input: $i) { expiresIn } }', {
        variables: { i: { email, password } },
        headers: { origin: evil, 'signet-session': 'cookie' },
      });
      return headers.get('set-cookie') ? 'the stranger’s page got a cookie set' : undefined;
    },
  },
  {
    name: 'kept answers',
    tried: 'may a proxy keep what a signed-in customer gets?',
    async run({ graph, user, customer }) {
      for (const client of [graph, user]) {
        const { headers } = await client.ask('{ me { email } }', { token: customer });
        const control = headers.get('cache-control') ?? '(nothing)';
        if (!/no-store/.test(control)) return `cache-control: ${control}`;
      }
      return undefined;
    },
  },
  {
    name: 'framing and sniffing',
    tried: 'headers against both, on answers and on refusals',
    async run({ graph }) {
      for (const reply of [
        await graph.ask('{ __typename }'),
        await graph.ask('{'),
        await graph.send('/nothing'),
      ]) {
        if (reply.headers.get('x-content-type-options') !== 'nosniff')
          return `HTTP ${reply.status} without nosniff`;
        const frames = `${reply.headers.get('x-frame-options')} ${reply.headers.get('content-security-policy')}`;
        if (!/deny|frame-ancestors 'none'/i.test(frames)) return `HTTP ${reply.status} may be framed`;
      }
      return undefined;
    },
  },
  {
    name: 'pages for developers',
    tried: 'Sandbox, explorer and their one-click sign-in',
    async run({ graph, user, portal }) {
      for (const client of [graph, user, portal]) {
        for (const path of ['/', '/explorer', '/sandbox', '/graphql']) {
          const { text, status } = await client.send(path, { headers: { accept: 'text/html' } });
          if (status === 200 && tools.test(text)) return `${client.url}${path}: ${shorten(text)}`;
        }
      }
      return undefined;
    },
  },
];
