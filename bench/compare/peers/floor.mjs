// The least that a gateway in Node can do: hand each request on to one subgraph and its answer back. Reads and checks nothing.
import { createServer } from 'node:http';
import { Pool } from 'undici';

const { PORT, SUBGRAPH } = process.env;
const { origin, pathname } = new URL(SUBGRAPH);
const pool = new Pool(origin, { connections: 64 });
const headers = ['content-type', 'application/json'];

const server = createServer((req, res) => {
  const chunks = [];
  req.on('data', (chunk) => chunks.push(chunk));
  req.on('end', () => {
    const parts = [];
    pool.dispatch(
      { method: 'POST', path: pathname, headers, body: Buffer.concat(chunks) },
      {
        onRequestStart() {},
        onResponseStart() {},
        onResponseData: (_, chunk) => void parts.push(chunk),
        onResponseEnd() {
          const body = Buffer.concat(parts);
          res.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
        },
        onResponseError: () => void res.writeHead(502).end(),
      },
    );
  });
});
server.listen(Number(PORT), '127.0.0.1');
