import type { Database } from '@signet/db';
import { isBlank, isPlainName } from '@signet/schema/contract';
import { badInput, type JsonObject } from '@signet/service';
import type { Transaction } from 'kysely';
import { getTenantName } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import { insertPasskey, listPasskeys, type OwnPasskey } from './passkey.queries.ts';
import { type PasskeyPurpose, useChallenge } from './passkey-challenge.ts';
import { describeRegistration } from './passkey-options.ts';
import { badPasskey, readRegistration } from './passkey-response.ts';
import { getPasskeys, userHandleOf } from './passkeys.ts';
import { methodsOf } from './prove-passkey.ts';
import { overChallenge, verifyRegistration } from './verify-passkey.ts';

type Trx = Transaction<Database>;

const maxPasskeys = 20;
const maxNameLength = 100;

type Owner<A> = { tenantId: string; account: A };

/** The options with which an authenticator makes a passkey for the account. @throws {RefusalError} authz.permission.deny, input.passkey */
export async function beginRegistration<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  { tenantId, account }: Owner<A>,
): Promise<JsonObject> {
  const { party, challenges } = getPasskeys(issuer);
  const existing = await listPasskeys(trx, issuer, account.id);
  assertRoom(existing);
  return describeRegistration({
    challenge: challenges.create(purposeOf({ tenantId, account }), issuer.now()),
    party,
    tenant: await getTenantName(trx, tenantId),
    account,
    userHandle: userHandleOf(issuer.platform, account.id),
    existing,
  });
}

/**
 * Adds what the authenticator made. The account's row is locked.
 *
 * @returns the passkey, and how the person proved that they have it (RFC 8176, without `mfa`).
 * @throws {RefusalError} authz.permission.deny, input.passkey, input.name
 */
export async function finishRegistration<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  owner: Owner<A>,
  input: { name: string; passkey: unknown },
): Promise<{ added: OwnPasskey; proven: ReturnType<typeof methodsOf> }> {
  const name = readPasskeyName(input.name);
  const { tenantId, account } = owner;
  const expected = { passkeys: getPasskeys(issuer), purpose: purposeOf(owner), now: issuer.now() };
  const { passkey, challenge } = await verifyRegistration(readRegistration(input.passkey), expected);
  assertRoom(await listPasskeys(trx, issuer, account.id));
  if (!(await useChallenge(trx, issuer, { tenantId, ...challenge }))) throw overChallenge();
  const added = await insertPasskey(trx, issuer, { tenantId, accountId: account.id, name }, passkey);
  // Section 7.1, step 26.
  if (!added) throw badPasskey('This passkey was added already.');
  return { added, proven: methodsOf(passkey) };
}

/** @throws {RefusalError} input.name */
export function readPasskeyName(input: string): string {
  const name = input.trim();
  if (isBlank(name) || !isPlainName(name) || name.length > maxNameLength) {
    throw badInput('name', `The name must have 1 to ${maxNameLength} characters, and no control characters.`);
  }
  return name;
}

function purposeOf<A extends Account>({ tenantId, account }: Owner<A>): PasskeyPurpose {
  return { tenantId, kind: 'registration', account };
}

function assertRoom({ length }: readonly unknown[]): void {
  if (length >= maxPasskeys) throw badPasskey(`An account has at most ${maxPasskeys} passkeys. Remove one.`);
}
