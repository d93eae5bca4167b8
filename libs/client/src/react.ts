import { createContext, createElement, type ReactNode, useContext, useSyncExternalStore } from 'react';
import type { SignetClient } from './client.ts';
import type { SessionState } from './session.ts';

const SignetContext = createContext<SignetClient | undefined>(undefined);
/** On a server nobody is known to be signed in. */
const unknown: SessionState = { status: 'unknown' };

/** Gives `client` to the hooks below it. */
export function SignetProvider(props: { client: SignetClient; children?: ReactNode }): ReactNode {
  return createElement(SignetContext.Provider, { value: props.client }, props.children);
}

/** @throws {Error} outside of a SignetProvider */
export function useSignet(): SignetClient {
  const client = useContext(SignetContext);
  if (!client) throw new Error('useSignet needs a <SignetProvider client={…}> around it.');
  return client;
}

/** Who is signed in. The component renders again when that changes. */
export function useSession(): SessionState {
  const { session } = useSignet();
  return useSyncExternalStore(session.subscribe, session.current, () => unknown);
}

/** Shows its children to whoever is signed in, `fallback` to others, and `pending` until that is known. */
export function SignedIn(props: {
  children?: ReactNode;
  fallback?: ReactNode;
  pending?: ReactNode;
}): ReactNode {
  const { status } = useSession();
  if (status === 'unknown') return props.pending ?? null;
  return status === 'signed-in' ? props.children : (props.fallback ?? null);
}
