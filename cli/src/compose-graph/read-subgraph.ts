import { readFile } from 'node:fs/promises';
import { type DocumentNode, GraphQLError, parse } from 'graphql';

/** A subgraph to compose: `reviews=./reviews.graphql`, `products=https://products.example/graphql`. */
export type SubgraphArgument = { name: string; source: string };

export type ReadSubgraph = {
  name: string;
  /** Where it answers. Empty where its SDL came from a file. */
  url: string;
  typeDefs: DocumentNode;
};

/** Far larger than any real schema. */
const maxBytes = 16 * 2 ** 20;
const timeoutMs = 10_000;

/**
 * Reads the SDL of a subgraph from a file, or asks the subgraph for it (`_service`, as Apollo Federation has it).
 *
 * @throws {Error} that names the subgraph, and in a file the line
 */
export async function readSubgraph({ name, source }: SubgraphArgument): Promise<ReadSubgraph> {
  const isUrl = /^https?:\/\//.test(source);
  const fail = (fault: string): never => {
    throw new Error(`${name} (${source}): ${fault}`);
  };
  const text = await (isUrl ? fetchSdl(source) : readSdl(source)).catch((error: Error) =>
    fail(error.message),
  );
  try {
    return { name, url: isUrl ? source : '', typeDefs: parse(text) };
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const [place] = error.locations ?? [];
    return fail(`${place ? `line ${place.line}, column ${place.column}: ` : ''}${error.message}`);
  }
}

async function readSdl(path: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new Error(`the file cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  return decode(bytes);
}

function decode(bytes: Uint8Array): string {
  if (bytes.length > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error('it is not UTF-8');
  }
}

async function fetchSdl(url: string): Promise<string> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ query: '{ _service { sdl } }' }),
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  }).catch((error: Error) => {
    throw new Error(
      error.name === 'TimeoutError' ? `no answer within ${timeoutMs} ms` : `no answer (${causeOf(error)})`,
    );
  });
  const text = decode(await readBody(answer));
  const sdl = sdlOf(text);
  if (sdl === undefined) {
    throw new Error(
      `it answers ${answer.status} and no { data: { _service: { sdl } } }: name a file with its SDL instead`,
    );
  }
  return sdl;
}

/** Stops reading where an answer is too long: a URL may lead anywhere. */
async function readBody({ body }: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) break;
  }
  return Buffer.concat(chunks);
}

function sdlOf(text: string): string | undefined {
  try {
    const sdl: unknown = JSON.parse(text)?.data?._service?.sdl;
    return typeof sdl === 'string' && sdl.trim() !== '' ? sdl : undefined;
  } catch {
    return undefined;
  }
}

function causeOf(error: Error): string {
  const cause = error.cause as NodeJS.ErrnoException | undefined;
  return cause?.code ?? cause?.message ?? error.message;
}
