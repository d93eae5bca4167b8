import type { TypedDocument } from '@signet/client';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import { useOperation } from '../app/operations.ts';
import { signet } from '../app/signet.ts';

/** `paused`: nobody has used the console for as long as an access token lives. `failing`: the last question had no answer. */
export type LiveState = 'live' | 'paused' | 'failing';

const everyMs = 10_000;
const signsOfUse = ['pointerdown', 'pointermove', 'keydown', 'wheel'] as const;

let state: LiveState = 'live';
const listeners = new Set<() => void>();

function change(next: LiveState): void {
  if (state === next) return;
  state = next;
  for (const listener of listeners) listener();
}

/**
 * Asks a query, and again every ten seconds while the page is in view. What is asked again renews no token: else an open dashboard would keep
 * a session alive that nobody uses (docs/decisions/0069). So it pauses with the token, and goes on when somebody touches the page.
 */
export function useLive<T extends object, V extends object>(document: TypedDocument<T, V>, variables: V) {
  const query = useOperation(document, variables);
  const queries = useQueryClient();
  const key = JSON.stringify(variables);

  useEffect(() => {
    const queryKey = [document, JSON.parse(key)];
    let isAsking = false;
    let isGone = false;
    async function ask(): Promise<void> {
      if (isAsking || state === 'paused' || globalThis.document.visibilityState !== 'visible') return;
      isAsking = true;
      const { data, errors } = await signet.request<T, V>(document, JSON.parse(key), { idle: true });
      isAsking = false;
      if (isGone) return;
      const [error] = errors;
      if (data && Object.values(data).some((value) => value !== null)) {
        queries.setQueryData(queryKey, data);
      } else if (!error || error.reason === 'auth.failure.expired') {
        change('paused');
      } else if (['network', 'unavailable', 'throttled'].includes(error.kind)) {
        change('failing');
      } else if (error.kind === 'signed-out' || queries.getQueryState(queryKey)?.status !== 'error') {
        // The session was ended elsewhere, or the role may no longer see this: the screen has to show it. Once, since that renews a token.
        await queries.invalidateQueries({ queryKey });
      }
    }
    const timer = setInterval(ask, everyMs);
    return () => {
      isGone = true;
      clearInterval(timer);
    };
  }, [document, key, queries]);

  const { dataUpdatedAt } = query;
  useEffect(() => {
    if (dataUpdatedAt > 0) change('live');
  }, [dataUpdatedAt]);
  return query;
}

/** The state of all live queries of the screen. Where they have paused, the first sign of somebody makes them go on. */
export function useLiveState(): LiveState {
  const queries = useQueryClient();
  const current = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    () => state,
  );
  useEffect(() => {
    if (current !== 'paused') return;
    // Once: a refusal must not be asked for at each movement.
    const goOn = () => {
      stop();
      void queries.invalidateQueries();
    };
    const stop = () => {
      for (const event of signsOfUse) removeEventListener(event, goOn);
    };
    for (const event of signsOfUse) addEventListener(event, goOn);
    return stop;
  }, [current, queries]);
  return current;
}
