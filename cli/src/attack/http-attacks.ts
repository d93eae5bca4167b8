import { type Attack, shorten, type Target } from '@signet/testing/attack';
import { connectTo } from './raw-connection.ts';

const query = JSON.stringify({ query: '{ __typename }' });
const isAnswered = ({ text }: RawReply) => /"data":\{"__typename":"Query"/.test(text);

/** A request that no client sends; won where it gives data, or a server error. */
function odd(
  name: string,
  tried: string,
  write: (target: Target) => (string | Buffer)[],
  listenMs?: number,
): Attack {
  return {
    name,
    tried,
    async run(target) {
      const reply = await sendRaw(target.graph.url, write(target), listenMs);
      if (isAnswered(reply) || /"me":\{/.test(reply.text))
        return shorten(reply.text.split('\r\n\r\n').at(-1));
      const status = reply.statuses.find((code) => code >= 500 && code !== 501 && code !== 505);
      return status === undefined ? undefined : `HTTP ${status}`;
    },
  };
}

const post = 'POST /graphql HTTP/1.1';
const without = (headers: string[], name: RegExp) => headers.filter((line) => !name.test(line));

/** Below GraphQL: Node's parser, the router, and what stands before them. */
export const httpAttacks: readonly Attack[] = [
  odd('foreign Host', 'Host: attacker.example', ({ graph }) => [
    writeRequest(post, ['Host: attacker.example', ...without(jsonHeaders(graph.url, query), /^Host/)], query),
  ]),
  odd('two Hosts', 'the real one, then a foreign one', ({ graph }) => [
    writeRequest(post, [...jsonHeaders(graph.url, query), 'Host: attacker.example'], query),
  ]),
  odd('no Host', 'HTTP/1.1 without Host', ({ graph }) => [
    writeRequest(post, without(jsonHeaders(graph.url, query), /^Host/), query),
  ]),
  odd('absolute target', 'POST http://attacker.example/graphql', ({ graph }) => [
    writeRequest(
      'POST http://attacker.example/graphql HTTP/1.1',
      ['Host: attacker.example', ...without(jsonHeaders(graph.url, query), /^Host/)],
      query,
    ),
  ]),
  odd('two Authorizations', "an honest token, then another's", ({ graph, customer, other }) => {
    const body = JSON.stringify({ query: '{ me { id } }' });
    return [
      writeRequest(
        post,
        [
          ...jsonHeaders(graph.url, body),
          `Authorization: Bearer ${customer}`,
          `Authorization: Bearer ${other}`,
        ],
        body,
      ),
    ];
  }),
  odd(
    'length and chunks',
    'Content-Length and Transfer-Encoding, with a second request inside',
    ({ graph }) => [
      writeRequest(
        post,
        [
          'Transfer-Encoding: chunked',
          ...jsonHeaders(graph.url, '0\r\n\r\n').map((line) => line.replace('close', 'keep-alive')),
        ],
        `0\r\n\r\n${writeRequest(post, jsonHeaders(graph.url, query), query)}`,
      ),
    ],
  ),
  odd('hidden chunks', 'Transfer-Encoding: xchunked and a second one', ({ graph }) => [
    writeRequest(
      post,
      [
        'Transfer-Encoding: xchunked',
        'Transfer-Encoding: chunked',
        ...without(jsonHeaders(graph.url, query), /^Content-Length/),
      ],
      `${query.length.toString(16)}\r\n${query}\r\n0\r\n\r\n`,
    ),
  ]),
  odd('two lengths', 'Content-Length twice, with different numbers', ({ graph }) => [
    writeRequest(post, ['Content-Length: 3', ...jsonHeaders(graph.url, query)], query),
  ]),
  odd(
    'bare line feeds',
    'lines that end in LF only, and a header with a space before the colon',
    ({ graph }) => [
      `${post}\n${jsonHeaders(graph.url, query).join('\n')}\n\n${query}`,
      writeRequest(post, ['X-A : b', ...jsonHeaders(graph.url, query)], query),
    ],
  ),
  {
    name: 'header bomb',
    tried: '1 MB of headers, and a thousand of them',
    async run({ graph }) {
      for (const headers of [
        [`X-A: ${'x'.repeat(1_000_000)}`],
        Array.from({ length: 5000 }, (_, i) => `X-${i}: ${i}`),
      ]) {
        const reply = await sendRaw(graph.url, [
          writeRequest(post, [...headers, ...jsonHeaders(graph.url, query)], query),
        ]);
        if (isAnswered(reply)) return 'it was read and answered';
      }
      return undefined;
    },
  },
  {
    name: 'slow clients',
    tried: '60 connections that send a header line now and then',
    async run({ graph }) {
      const lines = writeRequest(post, jsonHeaders(graph.url, query)).slice(0, -4);
      await Promise.all(Array.from({ length: 60 }, () => sendRaw(graph.url, [lines], 2500)));
      // Whether others were served meanwhile is seen by the one who watches every attack.
      return undefined;
    },
  },
  {
    name: 'methods',
    tried: 'TRACE, CONNECT, PUT, DELETE, PATCH at /graphql and /',
    async run({ graph }) {
      for (const method of ['TRACE', 'CONNECT', 'PUT', 'DELETE', 'PATCH', 'PROPFIND']) {
        for (const path of ['/graphql', '/']) {
          const reply = await sendRaw(
            graph.url,
            [
              writeRequest(
                `${method} ${path} HTTP/1.1`,
                ['X-Secret: mirror', ...jsonHeaders(graph.url, query)],
                query,
              ),
            ],
            800,
          );
          if (reply.text.includes('mirror')) return `${method} echoes the request`;
          if (reply.statuses.some((status) => status < 300 || status >= 500))
            return `${method} ${path}: HTTP ${reply.statuses[0]}`;
        }
      }
      return undefined;
    },
  },
  {
    name: 'paths',
    tried: 'detours to files, to other paths and to /graphql',
    async run({ graph }) {
      const paths = [
        '//graphql',
        '/graphql/',
        '/./graphql',
        '/x/../graphql',
        '/%67raphql',
        '/graphql%00',
        '/graphql;x',
        '/GRAPHQL',
        '/.well-known/../../package.json',
        '/.well-known/..%2f..%2f.env',
        '/..%5c..%5cpackage.json',
        '/%2e%2e/%2e%2e/etc/passwd',
        '/.env',
        '/.git/config',
        '/package.json',
        '/metrics',
        '/debug/pprof',
        '/server-status',
        '/.signet',
        '/graphiql',
        '/playground',
        '/voyager',
      ];
      for (const path of paths) {
        const request = writeRequest(`GET ${path}?query=%7B__typename%7D HTTP/1.1`, [
          `Host: ${new URL(graph.url).host}`,
          'apollo-require-preflight: yes',
          'Connection: close',
        ]);
        const reply = await sendRaw(graph.url, [request], 800);
        if (reply.statuses.some((status) => status === 200 || status >= 500))
          return `${path}: HTTP ${reply.statuses[0]} ${shorten(reply.text.split('\r\n\r\n')[1])}`;
      }
      return undefined;
    },
  },
  {
    name: 'upgrade',
    tried: 'a WebSocket, and HTTP/2 without TLS',
    async run({ graph }) {
      const host = `Host: ${new URL(graph.url).host}`;
      for (const headers of [
        [
          'Connection: Upgrade',
          'Upgrade: websocket',
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
          'Sec-WebSocket-Protocol: graphql-transport-ws',
        ],
        ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'],
      ]) {
        const reply = await sendRaw(
          graph.url,
          [writeRequest('GET /graphql HTTP/1.1', [host, ...headers])],
          800,
        );
        if (reply.statuses.some((status) => status === 101 || status >= 500))
          return `HTTP ${reply.statuses[0]}`;
      }
      return undefined;
    },
  },
  {
    name: 'who serves this',
    tried: 'names and versions in headers',
    async run({ graph }) {
      const { headers } = await graph.ask('{ __typename }');
      const told = ['server', 'x-powered-by', 'via', 'apollo-trace'].filter((name) => headers.has(name));
      return told.length > 0 ? told.map((name) => `${name}: ${headers.get(name)}`).join(', ') : undefined;
    },
  },
  {
    name: 'health',
    tried: 'what the health endpoints tell of the inside',
    async run({ graph, user, portal }) {
      for (const client of [graph, user, portal]) {
        for (const path of ['/health/live', '/health/started', '/health/ready', '/health']) {
          const { text } = await client.send(path);
          if (/postgres|stack|https?:|password|\d+\.\d+\.\d+|pid|uptime|memory/i.test(text))
            return `${path}: ${shorten(text)}`;
        }
      }
      return undefined;
    },
  },
];

/** All that came back, possibly several answers; `statuses` in their order. Empty: closed or reset without an answer. */
type RawReply = { text: string; statuses: number[]; isOpen: boolean };

/** Sends bytes as they are, then listens until the server closes the connection or `listenMs` are over. */
function sendRaw(url: string, pieces: readonly (string | Buffer)[], listenMs = 1500): Promise<RawReply> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connectTo(url);
    const finish = (isOpen: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
      resolve({ text, statuses, isOpen });
    };
    const timer = setTimeout(() => finish(true), listenMs);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => finish(false));
    socket.on('close', () => finish(false));
    for (const piece of pieces) socket.write(piece);
  });
}

/** A request head and body, with exactly these header lines; the connection is closed after the answer unless they say otherwise. */
function writeRequest(requestLine: string, headers: readonly string[], body = ''): string {
  return `${[requestLine, ...headers].join('\r\n')}\r\n\r\n${body}`;
}

/** Header lines of an honest operation, of which attacks change one. */
function jsonHeaders(url: string, body: string): string[] {
  return [
    `Host: ${new URL(url).host}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
}
