import type { SessionState, SignetClient } from '@signet/client';

/**
 * Follows who is signed in. What it returns gives a signal that is aborted as soon as somebody else is: an operation that was sent with it and waits,
 * for a token or for the operation before it, does not go out in another person's name. The same person may sign in again meanwhile.
 */
export function createAccountSignal({ session }: Pick<SignetClient, 'session'>): () => AbortSignal {
  let known: string | undefined;
  let current = new AbortController();
  const look = (state: SessionState) => {
    if (state.status !== 'signed-in') return;
    const { id } = state.account;
    const isOther = known !== undefined && id !== known;
    known = id;
    if (!isOther) return;
    current.abort();
    current = new AbortController();
  };
  look(session.current());
  // The client calls this before anything that waits for a token gets one.
  session.subscribe(look);
  return () => current.signal;
}
