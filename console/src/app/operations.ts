import type { SignetError, TypedDocument } from '@signet/client';
import {
  type QueryClient,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { accountSignal, anotherAccount, isForeignContract, signet } from './signet.ts';
import { noteForeignContract } from './upgrade.ts';

/** What a refused operation throws, for React Query. */
export class OperationError extends Error {
  readonly error: SignetError;
  constructor(error: SignetError) {
    super(error.message);
    this.error = error;
  }
}

/**
 * Sends an operation. Data beside errors counts: a field that the role may not see is null, and the screen leaves it out.
 *
 * @param signal that of the press, where it sends several operations: none of them goes out as somebody else, who signed in meanwhile
 * @throws {OperationError} where there is no data
 */
export async function send<T, V extends object>(
  document: TypedDocument<T, V>,
  variables: V,
  signal: AbortSignal = accountSignal(),
): Promise<T> {
  const { data, errors } = await signet.request(document, variables, { signal });
  if (signal.aborted && data === null) throw new OperationError(anotherAccount);
  const [first] = errors;
  if (first && isForeignContract(first)) noteForeignContract();
  if (data === null || (first && Object.values(data as object).every((value) => value === null))) {
    throw new OperationError(
      first ?? { kind: 'internal', reason: 'no data', message: 'The answer has no data.' },
    );
  }
  return data;
}

/** `isFresh`: asked again each time the screen is opened, where a moment ago's answer would mislead. */
type AskOptions = { isFresh?: boolean };

/** Asks a query, and again when the page comes to the front. Not while `enabled` is false: for what the role may not ask. */
export function useOperation<T, V extends object>(
  document: TypedDocument<T, V>,
  variables: V,
  { enabled = true, isFresh = false }: { enabled?: boolean } & AskOptions = {},
) {
  const query = useQuery<T, OperationError>({
    enabled,
    refetchOnMount: isFresh ? 'always' : true,
    queryKey: [document, variables],
    queryFn: () => send(document, variables),
  });
  return isKept(query) ? ({ ...query, error: null } as typeof query) : query;
}

/**
 * Whether a screen keeps what it shows though asking for it again has failed: because of the network or the load. After another error it
 * does not: the role may have been lowered.
 */
function isKept({ data, error }: { data: unknown; error: OperationError | null }): boolean {
  return data !== undefined && error !== null && /^(network|unavailable|throttled)$/.test(error.error.kind);
}

/**
 * Asks a query again by itself, while `everyMs` is given and the page is in view, for whoever shows it by `useOperation`. That renews no token: a
 * page that is left open keeps no session alive. Where it cannot be asked, what is shown stays until somebody does something.
 */
export function useAskAgain<T extends object, V extends object>(
  document: TypedDocument<T, V>,
  variables: V,
  everyMs: number | undefined,
): void {
  const queries = useQueryClient();
  const key = JSON.stringify(variables);
  useEffect(() => {
    if (everyMs === undefined) return;
    let isGone = false;
    const ask = async () => {
      if (globalThis.document.visibilityState !== 'visible') return;
      const { data, errors } = await signet.request<T, V>(document, JSON.parse(key), { idle: true });
      // What was asked as one person is not for the next.
      if (data && errors.length === 0 && !isGone) queries.setQueryData([document, JSON.parse(key)], data);
    };
    const timer = setInterval(ask, everyMs);
    return () => {
      isGone = true;
      clearInterval(timer);
    };
  }, [document, key, everyMs, queries]);
}

type PageInfo = { hasNextPage: boolean; endCursor?: string | null };
type Connection<Node> = { edges: readonly { node: Node }[]; pageInfo: PageInfo };

/** So many pages of a list are asked again where they may be out of date. A longer list is asked again from its beginning alone. */
const renewedPages = 5;

/** Asks a connection page by page. `nodes` are those of all pages so far. */
export function usePages<T, V extends object, Node>(
  document: TypedDocument<T, V & { after?: string | null }>,
  variables: V,
  read: (data: T) => Connection<Node> | null | undefined,
  { isFresh = false }: AskOptions = {},
) {
  const query = useInfiniteQuery<T, OperationError, { pages: T[] }, unknown[], string | null>({
    queryKey: [document, variables],
    refetchOnMount: ({ state }) => (isFresh && !isLong(state.data) ? 'always' : true),
    refetchOnWindowFocus: ({ state }) => !isLong(state.data),
    refetchOnReconnect: ({ state }) => !isLong(state.data),
    queryFn: ({ pageParam }) =>
      send(document, { ...variables, after: pageParam } as V & { after?: string | null }),
    initialPageParam: null,
    getNextPageParam: (last) => {
      const info = read(last)?.pageInfo;
      return info?.hasNextPage ? info.endCursor : undefined;
    },
  });
  const { pages } = query.data ?? {};
  // biome-ignore lint/correctness/useExhaustiveDependencies: `read` is another function at each call, and does the same.
  const nodes = useMemo(
    () => pages?.flatMap((page) => read(page)?.edges.map(({ node }) => node) ?? []) ?? [],
    [pages],
  );
  return { ...query, nodes, error: isKept(query) ? null : query.error };
}

function isLong(data: unknown): boolean {
  return ((data as { pages?: unknown[] } | undefined)?.pages?.length ?? 0) > renewedPages;
}

/** Asks again whatever is on screen, and what was on screen before when it is next. */
export async function renewAll(queries: QueryClient): Promise<void> {
  queries.removeQueries({ type: 'inactive', predicate: ({ state }) => isLong(state.data) });
  await Promise.all([
    queries.resetQueries({ type: 'active', predicate: ({ state }) => isLong(state.data) }),
    queries.invalidateQueries({ predicate: ({ state }) => !isLong(state.data) }),
  ]);
}

/** Sends a mutation. Whatever is on screen is asked again after it. */
export function useAction<T, V extends object>(document: TypedDocument<T, V>) {
  const queries: QueryClient = useQueryClient();
  return useMutation<T, OperationError, V>({
    mutationFn: (variables) => send(document, variables),
    onSuccess: () => renewAll(queries),
    // An answer can hold a secret that is shown once.
    gcTime: 0,
  });
}
