import type { Database } from '@signet/db';
import { readClientPrefix } from '@signet/flow';
import { sql, type Transaction } from 'kysely';
import type { Account } from '../accounts/account.ts';
import { linkTo, queueMail } from '../mail/outbox.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import type { SessionClient } from '../sessions/session.queries.ts';
import { findLiveDevice } from './device.queries.ts';

type SignIn<A extends Account> = {
  account: A;
  tenantId: string;
  client: SessionClient;
  deviceToken: string | undefined;
};

const maxSessions = 500;

/**
 * Tells an account of a sign-in from a device and a network that are both new, at most once an hour. Before the new session is written:
 * earlier ones say which networks are known. The first sign-in of all is none of news.
 */
export async function tellOfNewDevice<A extends Account>(
  trx: Transaction<Database>,
  issuer: PlatformIssuer<A>,
  { account, tenantId, client, deviceToken }: SignIn<A>,
): Promise<void> {
  if (!issuer.mail || (await findLiveDevice(trx, issuer, account, deviceToken)) !== undefined) return;
  const networks = await listKnownNetworks(trx, issuer, account.id);
  if (networks.size === 0 || networks.has(networkOf(client.address))) return;
  // Sign-ins at once wait here for each other, until the mail of the first is committed.
  await sql`select pg_advisory_xact_lock(hashtextextended(${`new device ${account.id}`}, 0))`.execute(trx);
  const told = await sql`
    select from ${issuer.tables.mail}
    where account_id = ${account.id} and template = 'new-device' and created_at > now() - interval '1 hour' limit 1
  `.execute(trx);
  if (told.rows.length > 0) return;
  const values = {
    at: issuer.now(),
    device: client.device || '–',
    address: client.address ?? '–',
    link: linkTo(issuer, 'account'),
  };
  await queueMail(trx, issuer, { tenantId, account, to: account.email, template: 'new-device', values });
}

async function listKnownNetworks<A extends Account>(
  trx: Transaction<Database>,
  { tables }: Pick<PlatformIssuer<A>, 'tables'>,
  accountId: string,
): Promise<Set<string>> {
  const { rows } = await sql<{ address: string | null }>`
    select host(address) as address from ${tables.session}
    where ${tables.accountId} = ${accountId} order by id desc limit ${maxSessions}
  `.execute(trx);
  return new Set(rows.map(({ address }) => networkOf(address)));
}

/** An IPv4 /24, an IPv6 /48: a provider gives one household other addresses of it from time to time. */
function networkOf(address: string | null): string {
  const { address: one, network, allocation } = readClientPrefix(address);
  return one.includes(':') ? network : allocation;
}
