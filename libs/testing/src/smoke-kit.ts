import type { IdentityProvider, startIdentityProvider } from './identity-provider.ts';

export { createSoftwareAuthenticator, type SoftwareAuthenticator } from './software-authenticator.ts';
export { createSoftwareService, type SoftwareService } from './software-service.ts';

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

/**
 * What the steps of a subgraph are given: `subgraphs/<name>/smoke.ts` exports `smoke`, and `signet smoke` runs it after its own
 * steps. Both accounts are signed in.
 */
export type SmokeContext = {
  /** An entrance that admits customers. */
  user: SmokeClient;
  userToken: string;
  /** An entrance that admits staff; the same one where it admits both. */
  portal: SmokeClient;
  portalToken: string;
  /** Runs a step and prints how it went: its result, or why it is wrong. */
  step<T extends string>(title: string, run: () => Promise<T>): Promise<T>;
};
export type Smoke = (context: SmokeContext) => Promise<void>;

/** A real OpenID provider in this process. */
export type Provider = IdentityProvider;

/** Starts one. It is loaded only for this: a deployment does not have it. */
export const keepProvider: typeof startIdentityProvider = async (...settings) =>
  (await import('./identity-provider.ts')).startIdentityProvider(...settings);

const timeoutMs = 10_000;

/** A GraphQL client for one gateway. */
export function createSmokeClient(gatewayUrl: string): SmokeClient {
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

export function assertThat(condition: boolean, fault: string): asserts condition {
  if (!condition) {
    throw new Error(fault);
  }
}

/** The answer must have data and no error. Returns the data. */
export function assertData({ data, errors }: Answer): Record<string, unknown> {
  assertThat(errors === undefined, `it has errors: ${JSON.stringify(errors)}`);
  assertThat(data !== undefined && data !== null, 'it has no data');
  return data;
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
