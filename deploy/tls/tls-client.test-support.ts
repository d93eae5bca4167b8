import { once } from 'node:events';
import { connect } from 'node:http2';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';

export type TlsAnswer = {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers are whatever the test asked for.
  body: any;
};

export type TlsClientOptions = {
  port: number;
  /** The host that it calls, and compares the certificate with. */
  host: string;
  ca: string;
  /** The address that it calls from: any of loopback. */
  from?: string;
};

export type TlsClient = {
  post(body: string, headers?: Record<string, string>): Promise<TlsAnswer>;
  close(): void;
};

/** A client of HTTP/2 with one connection. Rejects where it does not accept the certificate. */
export async function openTlsClient({ port, host, ca, from }: TlsClientOptions): Promise<TlsClient> {
  const session = connect(`https://${host}`, {
    createConnection: () =>
      connectTls({
        host: '127.0.0.1',
        port,
        servername: host,
        ca,
        ALPNProtocols: ['h2'],
        ...(from !== undefined && { localAddress: from }),
      } as ConnectionOptions),
  });
  await once(session, 'connect');
  session.on('error', () => {});
  return {
    async post(body, headers = {}) {
      const request = session.request({
        ':method': 'POST',
        ':path': '/graphql',
        'content-type': 'application/json',
        ...headers,
      });
      // Node ends a GET by itself.
      if (headers[':method'] !== 'GET') request.end(body);
      const [answered] = await once(request, 'response');
      let text = '';
      for await (const chunk of request.setEncoding('utf8')) text += chunk;
      return { status: answered[':status'], headers: answered, text, body: parse(text) };
    },
    close: () => session.destroy(),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
