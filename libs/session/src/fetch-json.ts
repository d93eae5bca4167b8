const timeoutMs = 2000;
const maxBytes = 64 * 1024;

/**
 * Fetches the JSON at the URL. Follows no redirect: keys come from the address that the operator configured.
 *
 * @throws {Error} that says what is wrong: a status other than 200, more than 64 KB, something else than JSON, no whole answer within 2 s.
 */
export async function fetchJson(url: string): Promise<unknown> {
  const { request } = await import('undici');
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const { statusCode, headers, body } = await request(url, {
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      signal,
      headers: { accept: 'application/json' },
    });
    const text = await readLimited(body);
    if (statusCode >= 300 && statusCode < 400) {
      throw new Error(`answered ${statusCode}: redirects are not followed, configure the address itself`);
    }
    if (statusCode !== 200) throw new Error(`answered ${statusCode}`);
    return parse(text, headers['content-type']);
  } catch (error) {
    const fault = signal.aborted ? `no whole answer within ${timeoutMs / 1000} s` : (error as Error).message;
    const { origin, pathname } = new URL(url);
    throw new Error(`${origin}${pathname}: ${fault}`, { cause: error });
  }
}

function parse(text: string, contentType: string | string[] | undefined): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`did not answer JSON (content-type: ${contentType ?? 'none'})`);
  }
}

async function readLimited(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`answered more than ${maxBytes / 1024} KB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
