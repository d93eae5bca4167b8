import type { Kysely } from 'kysely';
import { sql, type Transaction } from 'kysely';
import { usePrimary } from './request-scope.ts';
import type { Database } from './tables.ts';
import { readInTenant } from './tenant-reads.ts';

/** `customer:<object>#assignee@staff:<id>`, in parts. */
export type StoredRelation = { namespace: string; object: string; relation: string; subject: string };

/** Answers whether tuples are there. It has the shape of @signet/access's RelationStore, which this package may not import. */
export function createRelationStore(db: Kysely<Database>) {
  return {
    /** In the order of the questions, with one statement at the primary. A role sees the tuples of its own namespace only. */
    check(tenantId: string, queries: readonly StoredRelation[]): Promise<boolean[]> {
      usePrimary();
      return readInTenant(db, tenantId, (trx) => checkRelations(trx, queries));
    },
  };
}

async function checkRelations(
  trx: Transaction<Database>,
  queries: readonly StoredRelation[],
): Promise<boolean[]> {
  const column = (name: keyof StoredRelation) => sql`${queries.map((query) => query[name])}::text[]`;
  const { rows } = await sql<{ holds: boolean }>`
    select exists (
      select from access.relation_tuple t
      where (t.namespace, t.object, t.relation, t.subject)
        = (asked.namespace, asked.object, asked.relation, asked.subject)
    ) as holds
    from unnest(${column('namespace')}, ${column('object')}, ${column('relation')}, ${column('subject')})
      with ordinality as asked (namespace, object, relation, subject, position)
    order by position`.execute(trx);
  return rows.map(({ holds }) => holds);
}

/** The side of a tuple that the tenant has no such row for. */
export type UnknownSide = 'object' | 'subject';

/**
 * Adds a tuple; one that is there already stays as it is.
 *
 * @returns nothing, or which side does not exist: the transaction can then do nothing more and must be rolled back.
 */
export async function addRelation(
  trx: Transaction<Database>,
  tenantId: string,
  tuple: StoredRelation,
): Promise<UnknownSide | undefined> {
  try {
    await trx
      .insertInto('access.relation_tuple')
      .values({ tenant_id: tenantId, ...tuple })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    return undefined;
  } catch (error) {
    const side = unknownSideOf(error);
    if (side) return side;
    throw error;
  }
}

/** Takes a tuple away; one that is not there is no fault. */
export async function removeRelation(
  trx: Transaction<Database>,
  { namespace, object, relation, subject }: StoredRelation,
): Promise<void> {
  await trx
    .deleteFrom('access.relation_tuple')
    .where('namespace', '=', namespace)
    .where('object', '=', object)
    .where('relation', '=', relation)
    .where('subject', '=', subject)
    .execute();
}

/** The subjects that stand in this relation to each of the objects, in the order of the objects; those added first come first. */
export async function findSubjects(
  trx: Transaction<Database>,
  { namespace, relation }: Pick<StoredRelation, 'namespace' | 'relation'>,
  objects: readonly string[],
): Promise<string[][]> {
  const rows = await trx
    .selectFrom('access.relation_tuple')
    .select(['object', 'subject'])
    .where('namespace', '=', namespace)
    .where('relation', '=', relation)
    .where(sql<boolean>`object = any(${objects})`)
    .orderBy('created_at')
    .orderBy('subject')
    .execute();
  const byObject = Map.groupBy(rows, ({ object }) => object);
  return objects.map((object) => (byObject.get(object) ?? []).map(({ subject }) => subject));
}

/** By the names of the table's foreign keys: `known_user_subject`, and one for each namespace, as `known_customer`. */
function unknownSideOf(error: unknown): UnknownSide | undefined {
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  if (code !== '23503') return undefined;
  if (typeof constraint !== 'string' || !constraint.startsWith('known_')) return undefined;
  return constraint.endsWith('_subject') ? 'subject' : 'object';
}
