import { domainToASCII } from 'node:url';
import { type Kysely, sql } from 'kysely';

const accountTables = ['auth.user', 'auth.portal_user'];

/**
 * Domains of e-mail addresses become ASCII (UTS 46), as sign-in looks them up from now on. Where the ASCII spelling has an account of its
 * own, two accounts share one mailbox: both stay, this one as it was written, and `npm run doctor` names it. So does an
 * account whose domain is none.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const tenants = await sql<{ id: string }>`select id from auth.tenant`.execute(db);
  for (const { id } of tenants.rows) {
    // Row security binds the owner too.
    await sql`select set_config('app.tenant', ${id}, true)`.execute(db);
    for (const table of accountTables) await convertDomains(db, sql.table(table));
  }
  await sql`select set_config('app.tenant', '', true)`.execute(db);
}

/** An older version takes the ASCII spelling for an address like any other. */
export async function down(): Promise<void> {}

async function convertDomains(db: Kysely<unknown>, table: ReturnType<typeof sql.table>): Promise<void> {
  const { rows } = await sql<{ id: string; email: string }>`
    select id, email from ${table} where email ~ '@.*[^[:ascii:]]' or email ~ '[@.]xn--' order by created_at, id
  `.execute(db);
  for (const { id, email } of rows) {
    const at = email.lastIndexOf('@');
    const domain = domainToASCII(email.slice(at + 1));
    const ascii = `${email.slice(0, at)}@${domain}`;
    if (ascii === email || ascii.length > 254 || !/^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*$/.test(domain))
      continue;
    await sql`
      update ${table} set email = ${ascii}
      where id = ${id} and not exists (select from ${table} as other where other.email = ${ascii})
    `.execute(db);
  }
}
