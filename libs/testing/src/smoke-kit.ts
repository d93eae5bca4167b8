type PublicKey = { kid?: string; x?: string; n?: string; d?: string };
export type Answer = {
  status: number;
  data?: Record<string, unknown> | null;
  errors?: { message: string; extensions?: { code?: string; reason?: string } }[];
};
export type SmokeClient = {
  query(query: string, token?: string, variables?: object): Promise<Answer>;
  readKeys(path: string): Promise<PublicKey[]>;
};

const timeoutMs = 10_000;

/** A GraphQL client for one gateway. */
export function createClient(gatewayUrl: string): SmokeClient {
  return {
    async query(query, token, variables) {
      const response = await request(`${gatewayUrl}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/graphql-response+json',
          ...(token && { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({ query, variables }),
      });
      const body = (await response.json().catch(() => ({}))) as Omit<Answer, 'status'>;
      return { status: response.status, ...body };
    },
    async readKeys(path) {
      const response = await request(`${gatewayUrl}${path}`, {});
      assertThat(response.ok, `${path} answers ${response.status}`);
      return ((await response.json()) as { keys: PublicKey[] }).keys;
    },
  };
}

async function request(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).name;
    throw new Error(`${url} can't be reached (${cause}). Is the platform running? Start it with npm start.`);
  }
}

/** Runs a step of the walk and prints how it went: its result, or why it is wrong. */
export async function step<T extends string>(title: string, run: () => Promise<T>): Promise<T> {
  try {
    const result = await run();
    console.log(`ok    ${title}${isToken(result) ? '' : `: ${result}`}`);
    return result;
  } catch (error) {
    console.error(`WRONG ${title}`);
    throw error;
  }
}

/** A token is a secret: it is used, not printed. */
function isToken(result: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(result);
}

export function assertThat(condition: boolean, fault: string): asserts condition {
  if (!condition) {
    throw new Error(fault);
  }
}

/** The answer must have this refusal and nothing else: no other error, no data in its place. Returns its text. */
export function assertRefusal({ data, errors = [] }: Answer, code: string, reason: string): string {
  assertThat(errors.length > 0, `expected ${code} ${reason}, got ${JSON.stringify(data)}`);
  assertThat(
    errors.every(({ extensions }) => extensions?.code === code && extensions.reason === reason),
    `expected ${code} ${reason}, got ${JSON.stringify(errors)}`,
  );
  assertThat(
    Object.values(data ?? {}).every((value) => value === null),
    `it gave data: ${JSON.stringify(data)}`,
  );
  return `${code} ${reason} "${errors[0]?.message}"`;
}
