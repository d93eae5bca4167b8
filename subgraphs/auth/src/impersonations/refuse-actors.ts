import { badInput } from '@signet/service';
import { isImpersonated } from '@signet/session';
import type { GraphQLResolveInfo } from 'graphql';
import type { GraphqlContext } from '../context.ts';

type Resolver = (parent: never, args: never, ctx: GraphqlContext, info: GraphQLResolveInfo) => unknown;

/**
 * Refuses callers who act as a customer at mutations that no token is needed for: a sign-in, a link of a mail. The access rules let
 * everybody in there, and refuse these callers at all others.
 *
 * @param open names of mutations that judge them themselves.
 */
export function refuseActors<T extends Record<string, unknown>>(mutations: T, open: readonly (keyof T)[]): T {
  const guarded = Object.entries(mutations).map(([name, resolve]) => {
    if ((open as readonly PropertyKey[]).includes(name)) return [name, resolve];
    const guard: Resolver = (parent, args, ctx, info) => {
      if (isImpersonated(ctx.session)) {
        throw badInput('session', 'You act as a customer with this token: send none with this.');
      }
      return (resolve as Resolver)(parent, args, ctx, info);
    };
    return [name, guard];
  });
  return Object.fromEntries(guarded) as T;
}
