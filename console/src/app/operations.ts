import type { SignetError, TypedDocument } from '@signet/client';
import {
  type QueryClient,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { signet } from './signet.ts';

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
 * @throws {OperationError} where there is no data
 */
export async function send<T, V extends object>(document: TypedDocument<T, V>, variables: V): Promise<T> {
  const { data, errors } = await signet.request(document, variables);
  const [first] = errors;
  if (data === null || (first && Object.values(data as object).every((value) => value === null))) {
    throw new OperationError(
      first ?? { kind: 'internal', reason: 'no data', message: 'The answer has no data.' },
    );
  }
  return data;
}

/** Asks a query, and again when the page comes to the front. Not while `enabled` is false: for what the role may not ask. */
export function useOperation<T, V extends object>(
  document: TypedDocument<T, V>,
  variables: V,
  { enabled = true }: { enabled?: boolean } = {},
) {
  return useQuery<T, OperationError>({
    enabled,
    queryKey: [document, variables],
    queryFn: () => send(document, variables),
  });
}

type PageInfo = { hasNextPage: boolean; endCursor?: string | null };
type Connection<Node> = { edges: readonly { node: Node }[]; pageInfo: PageInfo };

/** Asks a connection page by page. `nodes` are those of all pages so far. */
export function usePages<T, V extends object, Node>(
  document: TypedDocument<T, V & { after?: string | null }>,
  variables: V,
  read: (data: T) => Connection<Node> | null | undefined,
) {
  const query = useInfiniteQuery<T, OperationError, { pages: T[] }, unknown[], string | null>({
    queryKey: [document, variables],
    queryFn: ({ pageParam }) =>
      send(document, { ...variables, after: pageParam } as V & { after?: string | null }),
    initialPageParam: null,
    getNextPageParam: (last) => {
      const info = read(last)?.pageInfo;
      return info?.hasNextPage ? info.endCursor : undefined;
    },
  });
  const nodes = query.data?.pages.flatMap((page) => read(page)?.edges.map(({ node }) => node) ?? []) ?? [];
  return { ...query, nodes };
}

/** Sends a mutation. Whatever is on screen is asked again after it. */
export function useAction<T, V extends object>(document: TypedDocument<T, V>) {
  const queries: QueryClient = useQueryClient();
  return useMutation<T, OperationError, V>({
    mutationFn: (variables) => send(document, variables),
    onSuccess: () => queries.invalidateQueries(),
  });
}
