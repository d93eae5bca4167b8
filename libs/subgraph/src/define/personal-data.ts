import { type Database, inTenant } from '@signet/db';
import { poll } from '@signet/flow';
import type { SubgraphName } from '@signet/schema/subgraphs';
import type { Logger } from '@signet/service';
import { type Kysely, sql, type Transaction } from 'kysely';

/** A customer who asked about what is kept of them, in a transaction of their tenant. */
export type Person = { trx: Transaction<Database>; tenantId: string; accountId: string };

/** What a subgraph does when a customer wants a copy of everything that is kept of them, or an end of it. */
export type PersonalData = {
  /** All that the subgraph keeps about the person, as JSON. Nothing about anybody else. */
  export(person: Person): Promise<Readonly<Record<string, unknown>>>;
  /**
   * Deletes it, or makes rows that must stay refer to nobody: `accountId` stays valid, and belongs to no person any more. Rows whose
   * foreign key to the account cascades are deleted without this. It may run again for the same person.
   */
  erase?(person: Person): Promise<void>;
};

export type PersonalDataOptions = {
  name: SubgraphName;
  db: Kysely<Database>;
  logger: Logger;
  personalData: PersonalData;
};

type Part = {
  request_id: string;
  tenant_id: string;
  account_id: string;
  kind: 'export' | 'erase';
  attempt: number;
};

const everyMs = 2000;
const mostAtOnce = 10;
const leaseSeconds = 60;
const maxRetrySeconds = 3600;
/** Of one part as JSON. What a gateway takes of a subgraph is 10 MB. */
const maxBytes = 4_000_000;

/**
 * Answers what customers ask about their data, for as long as the process runs. A part is answered in the transaction that notes its
 * answer, so it is done once, at whichever replica and after whichever kill. One that fails is tried again after 10 s, 20 s, … 1 h; the
 * person waits, and nobody else does.
 */
export function startPersonalData(options: PersonalDataOptions): { stop(): Promise<void> } {
  const stop = poll((signal) => answerDueParts(options, signal), {
    everyMs,
    onFault: (err) =>
      options.logger.warn({ err }, 'requests about personal data could not be read; they wait'),
  });
  return { stop };
}

async function answerDueParts(options: PersonalDataOptions, signal: AbortSignal): Promise<void> {
  const { name, db } = options;
  const { rows } = await sql<Part>`
    select request_id, tenant_id, account_id, kind, attempt
    from ${sql.table(`${name}.take_person_parts`)}(${mostAtOnce}::integer, ${leaseSeconds}::integer)
  `.execute(db);
  for (const part of rows) {
    if (signal.aborted) return; // It is due again after its lease.
    await answer(options, part);
  }
}

async function answer(options: PersonalDataOptions, part: Part): Promise<void> {
  const { db, logger, personalData } = options;
  const { request_id: request, tenant_id: tenantId, account_id: accountId, kind, attempt } = part;
  try {
    await inTenant(db, tenantId, async (trx) => {
      const person = { trx, tenantId, accountId };
      const data = kind === 'export' ? writeJson(await personalData.export(person)) : null;
      if (kind === 'erase') await personalData.erase?.(person);
      if (!(await settle(trx, options.name, part, { data, error: null, retry: 0 }))) {
        throw new Error('The lease of this part ran out before it was answered.');
      }
    });
    logger.info({ request, kind, attempt }, 'personal data answered');
  } catch (err) {
    const retry = Math.min(10 * 2 ** (attempt - 1), maxRetrySeconds);
    logger.warn({ err, request, kind, attempt }, `personal data could not be answered; again in ${retry} s`);
    // What went wrong is in the log. A message could hold what it is about.
    const error = err instanceof Error ? err.name : 'Error';
    await inTenant(db, tenantId, (trx) => settle(trx, options.name, part, { data: null, error, retry }));
  }
}

function writeJson(data: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify(data);
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes)
    throw new RangeError(`${bytes} bytes are too many for one part; ${maxBytes} are allowed.`);
  return text;
}

type Outcome = { data: string | null; error: string | null; retry: number };

async function settle(
  trx: Transaction<Database>,
  name: SubgraphName,
  { request_id, attempt }: Part,
  { data, error, retry }: Outcome,
): Promise<boolean> {
  const { rows } = await sql<{ done: boolean }>`
    select ${sql.table(`${name}.settle_person_part`)}(
      ${request_id}, ${attempt}::integer, ${data}::jsonb, ${error}, ${retry}::integer
    ) as done`.execute(trx);
  return rows[0]?.done === true;
}
