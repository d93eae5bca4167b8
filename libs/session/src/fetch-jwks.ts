import { request } from 'undici';

const fetchTimeoutMs = 2000;
const maxJwksBytes = 64 * 1024;

/**
 * Fetches the JSON at the URL. Follows no redirect: keys come from the address that the operator gave.
 *
 * @throws {Error} for a status other than 200, a document over 64 KB, one that is no JSON, no answer within 2 s.
 */
export async function fetchJwksDocument(url: string): Promise<unknown> {
  const { statusCode, body } = await request(url, {
    headersTimeout: fetchTimeoutMs,
    bodyTimeout: fetchTimeoutMs,
    signal: AbortSignal.timeout(fetchTimeoutMs),
    headers: { accept: 'application/json' },
  });
  const text = await readLimited(body);
  if (statusCode !== 200) {
    throw new Error(`JWKS answered ${statusCode}`);
  }
  return JSON.parse(text);
}

async function readLimited(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxJwksBytes) {
      throw new Error('JWKS is too large');
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
