import { badInput } from '@signet/service';
import { findId, readInteger } from './input.ts';

/** Where a page ended: the sort key of its last row, and its id, which tells rows with equal keys apart. */
export type Position<K> = { key: K; id: string };

/** Turns positions into opaque cursors of one list in one order, and back. */
export type CursorCodec<K> = {
  encode(position: Position<K>): string;
  /** Undefined for anything but a cursor of this list in this order. */
  decode(cursor: string): Position<K> | undefined;
};

export type PageRequest<K> = { first: number; after: Position<K> | undefined };

export type Connection<N> = {
  edges: { cursor: string; node: N }[];
  pageInfo: {
    hasNextPage: boolean;
    hasPreviousPage: boolean;
    startCursor: string | null;
    endCursor: string | null;
  };
};

const maxPageSize = 100;
const maxCursorLength = 2048;

/** `order` names list and order. `isKey` must refuse every key that the database could choke on: a client can forge cursors. */
export function createCursorCodec<K extends string | number>(
  order: string,
  isKey: (value: unknown) => value is K,
): CursorCodec<K> {
  return {
    encode: ({ key, id }) => Buffer.from(JSON.stringify([order, key, id])).toString('base64url'),
    decode(cursor) {
      const [cursorOrder, key, id] = parseParts(cursor);
      const knownId = findId(id);
      return cursorOrder === order && isKey(key) && knownId ? { key, id: knownId } : undefined;
    },
  };
}

function parseParts(cursor: string): unknown[] {
  if (cursor.length > maxCursorLength || !/^[\w-]+$/.test(cursor)) return [];
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(parts) ? parts : [];
  } catch {
    return [];
  }
}

export function isTextKey(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0') && value.isWellFormed();
}

/** Also for instants: microseconds since 1970, since a Date would round what PostgreSQL stores. */
export function isIntegerKey(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

/** @throws {RefusalError} input.first outside 1 to 100; input.after for what is no cursor of this list in this order. */
export function readPage<K>(
  args: { first: number; after?: string | null },
  codec: CursorCodec<K>,
): PageRequest<K> {
  const first = readInteger('first', args.first, { min: 1, max: maxPageSize });
  if (args.after === undefined || args.after === null) return { first, after: undefined };
  const after = codec.decode(args.after);
  if (!after) {
    throw badInput('after', 'This cursor does not belong to this list in this order. Leave it out to begin.');
  }
  return { first, after };
}

/** Builds a Relay connection. `rows` holds one row more than the page where there is a next one. Cursors are written where a field asks. */
export function createConnection<K, N>(
  rows: readonly N[],
  page: PageRequest<K>,
  codec: CursorCodec<K>,
  positionOf: (row: N) => Position<K>,
): Connection<N> {
  const writeCursor = (row: N) => codec.encode(positionOf(row));
  const edges = rows.slice(0, page.first).map((node) => new Edge(node, writeCursor));
  return { edges, pageInfo: new PageInfo(edges, rows.length > page.first, page.after !== undefined) };
}

/*
 * Classes, so that the getters are on their prototypes. V8 makes a pair of functions in its old generation for each getter of an object literal,
 * each time: until that is collected, all rows of the page were kept with it.
 */

class Edge<N> {
  readonly node: N;
  readonly #writeCursor: (row: N) => string;

  constructor(node: N, writeCursor: (row: N) => string) {
    this.node = node;
    this.#writeCursor = writeCursor;
  }

  get cursor(): string {
    return this.#writeCursor(this.node);
  }
}

class PageInfo {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly #edges: readonly { cursor: string }[];

  constructor(edges: readonly { cursor: string }[], hasNextPage: boolean, hasPreviousPage: boolean) {
    this.#edges = edges;
    this.hasNextPage = hasNextPage;
    this.hasPreviousPage = hasPreviousPage;
  }

  get startCursor(): string | null {
    return this.#edges[0]?.cursor ?? null;
  }

  get endCursor(): string | null {
    return this.#edges.at(-1)?.cursor ?? null;
  }
}
