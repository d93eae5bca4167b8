import { type Caller, callers } from '@signet/access';
import type { TestPlatform } from './platform.test-support.ts';
import { type CaseContext, type ObjectsByType, platformCases } from './platform-cases.test-support.ts';

/** A caller: a token (none for anonymous), and by entity type the objects to ask for. */
export type TokenHolder = { caller: Caller; token?: string; objects: ObjectsByType };

const accounts = {
  user: ['user', 'ada@example.com'],
  support: ['portal', 'support@example.com'],
  operations: ['portal', 'operations@example.com'],
  super_admin: ['portal', 'admin@example.com'],
} as const;

/** Signs everybody in and finds objects of the development seed, as the subgraphs' cases say. */
export async function signInCallers({ ask, signIn }: TestPlatform): Promise<TokenHolder[]> {
  // One after the other: each compares a password, and there are two cores.
  const tokens = new Map<Caller, string>();
  for (const [caller, [platform, email]] of Object.entries(accounts)) {
    tokens.set(caller as Caller, await signIn(platform, email));
  }
  const context: CaseContext = {
    ask: (query, as) => ask(query, { token: typeof as === 'object' ? as.token : tokens.get(as) }),
    stranger: { token: await signIn('user', 'grete.halvik@example.com', { 'x-tenant': 'globex' }) },
  };
  return Promise.all(callers.map((caller) => findObjects(caller, tokens.get(caller), context)));
}

async function findObjects(
  caller: Caller,
  token: string | undefined,
  context: CaseContext,
): Promise<TokenHolder> {
  const found = await Promise.all(
    [...platformCases.values()].map((cases) => cases.findObjects?.(caller, context)),
  );
  return { caller, ...(token !== undefined && { token }), objects: Object.assign({}, ...found) };
}
