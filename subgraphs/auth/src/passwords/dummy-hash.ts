/**
 * A bcrypt hash of this cost that no password gives (its digest is all zero bits). Comparing with it takes as long as with
 * a real one.
 */
export function createDummyHash(cost: number): string {
  return `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(22)}${'.'.repeat(31)}`;
}
