import { useSession } from '@signet/client/react';
import { operationScopes } from '../operations.generated.ts';

/**
 * Says which operations the signed-in account may send: by the scopes of its token, and the rules of the schema, from which the second
 * table is generated. What it leaves out of a screen the server refuses in any case.
 *
 * @param scopesOf that of another folder's operations
 */
export function useMay(scopesOf = operationScopes): (document: string) => boolean {
  const session = useSession();
  const held = new Set(session.status === 'signed-in' ? session.account.scopes : []);
  return (document) =>
    (scopesOf.get(document) ?? []).every((anyOf) =>
      anyOf.some((all) => all.every((scope) => held.has(scope))),
    );
}
