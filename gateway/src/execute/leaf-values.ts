import { type GraphQLLeafType, isEnumType } from 'graphql';

/** An answer that is deeper than this is no value that a client can read. */
const maxDepth = 200;

/** Checks the value of a leaf. Returns it as clients get it, or undefined for one that its type does not have (GraphQL spec 3.5, 3.9). */
export type LeafCheck = (value: unknown) => unknown;

export function leafCheckOf(type: GraphQLLeafType): LeafCheck {
  if (isEnumType(type)) {
    const values = new Set<unknown>(type.getValues().map(({ name }) => name));
    return (value) => (values.has(value) ? value : undefined);
  }
  switch (type.name) {
    case 'Int':
      return (value) => (isInt(value) ? value : undefined);
    case 'Float':
      return (value) => (Number.isFinite(value) ? value : undefined);
    case 'String':
      return (value) => (typeof value === 'string' ? value : undefined);
    case 'Boolean':
      return (value) => (typeof value === 'boolean' ? value : undefined);
    case 'ID':
      return (value) =>
        Number.isSafeInteger(value) ? String(value) : typeof value === 'string' ? value : undefined;
    default:
      return (value) => (isShallow(value, maxDepth) ? value : undefined);
  }
}

/** A signed whole number of 32 bits. */
export function isInt(value: unknown): value is number {
  return typeof value === 'number' && (value | 0) === value;
}

/** JSON.stringify overflows the stack for arrays of some thousand levels. */
function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return value !== undefined;
  if (depth === 0) return false;
  return Object.values(value).every((inner) => isShallow(inner, depth - 1));
}
