import { randomUUID } from 'node:crypto';
import { subgraphs } from '@signet/schema/subgraphs';
import {
  type Accounts,
  type AttackClient,
  createAttackClient,
  type Target,
  type Tokens,
} from '@signet/testing/attack';

export type TargetUrls = { graph: string; user: string; portal: string; subgraphs: readonly string[] };

/** The target can't be attacked: nothing is there, or the accounts do not sign in. */
export class TargetError extends Error {}

/** The other entrances and the subgraphs are where `npm start` puts them, counted from the port of `graph`. */
export function deriveUrls(graph: string): TargetUrls {
  const at = (offset: number) => {
    const url = new URL(graph);
    url.port = String(Number(url.port || (url.protocol === 'https:' ? 443 : 80)) + offset);
    return url.origin;
  };
  return {
    graph: at(0),
    user: at(1),
    portal: at(2),
    subgraphs: subgraphs.map(({ portOffset }) => at(portOffset)),
  };
}

/**
 * Registers a customer whom nobody has guessed at yet: pauses that an earlier run has earned would be met by a later one.
 *
 * @returns the e-mail address; undefined where nobody may register.
 */
export async function registerCustomer(client: AttackClient, password: string): Promise<string | undefined> {
  const email = `attacked-${randomUUID()}@example.com`;
  const { body } = await client.ask('mutation ($i: RegisterInput!) { register(input: $i) { accessToken } }', {
    variables: { i: { email, password } },
  });
  return body?.data?.register ? email : undefined;
}

/** Registration refuses the password of the seed, as too common. */
export function inventPassword(): string {
  return `attacked ${randomUUID()}`;
}

/**
 * Signs in with the accounts given. Those that are guessed at are new ones where anybody may register.
 *
 * @throws {TargetError}
 */
export async function openTarget(urls: TargetUrls, accounts: Accounts): Promise<Target> {
  const graph = createAttackClient(urls.graph);
  const { status } = await graph.ask('{ __typename }').catch(() => ({ status: 0 }));
  if (status !== 200) {
    throw new TargetError(
      status === 0
        ? `Nothing answers at ${urls.graph}. Start it with SURFACE=production STAFF_MFA=optional npm start.`
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
  const guessedPassword = inventPassword();
  const guessed = await registerCustomer(graph, guessedPassword);
  const timed = await registerCustomer(graph, inventPassword());
  return {
    graph,
    user: createAttackClient(urls.user),
    portal: createAttackClient(urls.portal),
    subgraphs: urls.subgraphs.map(createAttackClient),
    accounts: {
      ...accounts,
      ...(guessed && { guessed, guessedPassword }),
      timed: timed ?? accounts.timed,
    },
    customer: customer.accessToken,
    other: other.accessToken,
    staff: staff.accessToken,
    signIn,
  };
}
