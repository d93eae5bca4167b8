import type { SignetClient } from './client.ts';
import type { SessionState } from './session.ts';

/**
 * Calls `onChange` when somebody else signs in, or nobody is signed in any more, in whichever tab: what a cache holds is then another's.
 * Returns what stops that.
 */
export function followAccount(client: SignetClient, onChange: (id: string | undefined) => void): () => void {
  /** Null: not known yet. What was asked before has waited for that. */
  let known: string | undefined | null = null;
  const look = (state: SessionState) => {
    if (state.status === 'unknown') return;
    const id = state.status === 'signed-in' ? `${state.account.id} ${state.account.actedBy}` : undefined;
    const isOther = known !== null && id !== known;
    known = id;
    if (isOther) onChange(id);
  };
  look(client.session.current());
  return client.session.subscribe(look);
}
