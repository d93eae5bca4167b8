import { formatSignetContext, signetContextHeader } from '@signet/service';
import { decodeJwt } from 'jose';

export type Tokens = { accessToken: string; refreshToken: string; sid: string; role?: string };
type Platform = 'user' | 'portal';
type Answer = {
  data?: Record<string, unknown> | null;
  errors?: { message: string; extensions: { reason?: string } }[];
};

/** What an honest racer can meet; all else is a fault of ours. */
const refusals = new Set(['auth.failure.revoked', 'auth.failure.invalid_credentials']);
const fieldsOf = {
  user: { signIn: 'login', refresh: 'refresh' },
  portal: { signIn: 'portalLogin', refresh: 'portalRefresh' },
};

export type RaceClient = {
  /** Undefined when it was refused. */
  signIn(
    platform: Platform,
    account: { email: string; password: string; address: string },
  ): Promise<Tokens | undefined>;
  refresh(platform: Platform, refreshToken: string): Promise<Tokens | undefined>;
  /** An operation that must succeed. */
  must(query: string, variables: object, token: string): Promise<void>;
  /** Answers that were neither tokens nor one of the refusals above. */
  unexpected(): string[];
};

export function createRaceClient(url: string): RaceClient {
  const faults: string[] = [];
  const post = async (
    query: string,
    variables: object,
    { token = '', address = '192.0.2.1' } = {},
  ): Promise<Answer> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        [signetContextHeader]: formatSignetContext({ requestId: 'race', clientAddress: address }),
        ...(token && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as Answer;
  };
  const askForTokens = async (field: string, type: string, input: object, address?: string) => {
    const query = `mutation ($input: ${type}) { ${field}(input: $input) { accessToken refreshToken } }`;
    const { data, errors } = await post(query, { input }, address ? { address } : {});
    const tokens = data?.[field] as Omit<Tokens, 'sid'> | undefined;
    if (!tokens) {
      if (!errors?.every(({ extensions }) => refusals.has(extensions.reason ?? '')))
        faults.push(`${field}: ${JSON.stringify(errors)}`);
      return undefined;
    }
    const { sid, role } = decodeJwt<{ sid: string; role?: string }>(tokens.accessToken);
    return { ...tokens, sid, ...(role !== undefined && { role }) };
  };
  return {
    signIn: (platform, { email, password, address }) =>
      askForTokens(fieldsOf[platform].signIn, 'LoginInput!', { email, password }, address),
    refresh: (platform, refreshToken) =>
      askForTokens(fieldsOf[platform].refresh, 'RefreshInput', { refreshToken }),
    async must(query, variables, token) {
      const { errors } = await post(query, variables, { token });
      if (errors) faults.push(`${query}: ${JSON.stringify(errors)}`);
    },
    unexpected: () => faults,
  };
}
