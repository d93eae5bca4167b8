import {
  createContext,
  createElement,
  Fragment,
  type ReactNode,
  useContext,
  useSyncExternalStore,
} from 'react';
import type { SignetClient } from './client.ts';
import type { SignetError } from './errors.ts';
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

/**
 * Shows its children to whoever is signed in, `fallback` to others, and `pending` until that is known. For another account the children
 * begin anew, with nothing of what they held.
 */
export function SignedIn(props: {
  children?: ReactNode;
  fallback?: ReactNode;
  pending?: ReactNode;
}): ReactNode {
  const state = useSession();
  if (state.status === 'unknown') return props.pending ?? null;
  if (state.status === 'signed-out') return props.fallback ?? null;
  const { id, actedBy } = state.account;
  return createElement(Fragment, { key: `${id} ${actedBy}` }, props.children);
}

/** An operation that waits for a more recent sign-in. `answer(true)` sends it again, `answer(false)` gives it up. */
export type StepUpRequest = { error: SignetError; answer(isDone: boolean): void };

/**
 * Connects `onStepUp` of a client with the dialog that proves again who somebody is: give `ask` to `createSignetClient`, and draw the dialog where
 * `useRequest()` gives a request.
 */
export function createStepUpPrompt(): {
  ask(error: SignetError): Promise<boolean>;
  useRequest(): StepUpRequest | undefined;
} {
  const listeners = new Set<() => void>();
  let request: StepUpRequest | undefined;
  const change = (next: StepUpRequest | undefined) => {
    request = next;
    for (const listener of listeners) listener();
  };
  const subscribe = (listener: () => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  return {
    ask: (error) =>
      new Promise((resolve) => {
        change({
          error,
          answer(isDone) {
            change(undefined);
            resolve(isDone);
          },
        });
      }),
    useRequest: () =>
      useSyncExternalStore(
        subscribe,
        () => request,
        () => undefined,
      ),
  };
}
