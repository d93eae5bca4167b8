import { type Client, createClient } from './client.ts';

export type Tokens = { accessToken: string; refreshToken: string };

/** A running platform with accounts that sign in, as a stranger finds it: nothing here comes from inside. */
export type Target = {
  graph: Client;
  user: Client;
  portal: Client;
  /** Where the subgraphs answer, if they can be reached at all. */
  subgraphs: readonly Client[];
  accounts: Accounts;
  /** Access tokens of a customer, of another customer, and of a member of staff with the least role. */
  customer: string;
  other: string;
  staff: string;
  signIn(field: 'login' | 'portalLogin', email: string, headers?: Record<string, string>): Promise<Tokens>;
};

export type Accounts = {
  password: string;
  customer: string;
  other: string;
  staff: string;
  /** A customer whose account is attacked by guesses, and nothing else. */
  guessed: string;
  /** One whose times are compared with those of an account that does not exist. */
  timed: string;
};

export type TargetUrls = { graph: string; user: string; portal: string; subgraphs: readonly string[] };

/** The target can't be attacked: nothing is there, or the accounts do not sign in. */
export class TargetError extends Error {}

const offsetsOfSubgraphs = [11, 12, 13, 14, 15];

/** The other entrances and the subgraphs are where `npm start` puts them, counted from the port of `graph`. */
export function deriveUrls(graph: string): TargetUrls {
  const at = (offset: number) => {
    const url = new URL(graph);
    url.port = String(Number(url.port || (url.protocol === 'https:' ? 443 : 80)) + offset);
    return url.origin;
  };
  return { graph: at(0), user: at(1), portal: at(2), subgraphs: offsetsOfSubgraphs.map(at) };
}

/** @throws {TargetError} */
export async function openTarget(urls: TargetUrls, accounts: Accounts): Promise<Target> {
  const graph = createClient(urls.graph);
  const { status } = await graph.ask('{ __typename }').catch(() => ({ status: 0 }));
  if (status !== 200) {
    throw new TargetError(
      status === 0
        ? `Nothing answers at ${urls.graph}. Start it with SURFACE=production npm start.`
        : `${urls.graph} answers ${status} to { __typename }.`,
    );
  }
  const signIn: Target['signIn'] = async (field, email, headers = {}) => {
    const { body, text } = await graph.ask(
      `mutation ($input: LoginInput!) { result: ${field}(input: $input) { accessToken refreshToken } }`,
      { variables: { input: { email, password: accounts.password } }, headers },
    );
    const tokens = body?.data?.result as Tokens | undefined;
    if (typeof tokens?.accessToken !== 'string') {
      throw new TargetError(`${email} can't sign in (${field}): ${text}`);
    }
    return tokens;
  };
  const [customer, other, staff] = await Promise.all([
    signIn('login', accounts.customer),
    signIn('login', accounts.other),
    signIn('portalLogin', accounts.staff),
  ]);
  return {
    graph,
    user: createClient(urls.user),
    portal: createClient(urls.portal),
    subgraphs: urls.subgraphs.map(createClient),
    accounts,
    customer: customer.accessToken,
    other: other.accessToken,
    staff: staff.accessToken,
    signIn,
  };
}
