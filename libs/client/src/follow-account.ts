import type { SignetClient } from './client.ts';

/**
 * Calls `onChange` when somebody else signs in, or nobody is signed in any more, in whichever tab: what a cache holds is then another's.
 * Returns what stops that.
 */
export function followAccount(client: SignetClient, onChange: (id: string | undefined) => void): () => void {
  const idOf = (state = client.session.current()) =>
    state.status === 'signed-in' ? `${state.account.id} ${state.account.actedBy}` : undefined;
  let known = client.session.current().status === 'unknown' ? null : idOf();
  return client.session.subscribe((state) => {
    if (state.status === 'unknown') return;
    const id = idOf(state);
    const isOther = known !== null && id !== known;
    // What was asked before it was known who is signed in has waited for that.
    known = id;
    if (isOther) onChange(id);
  });
}
