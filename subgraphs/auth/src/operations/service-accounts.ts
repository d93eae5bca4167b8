import { createHash, randomBytes } from 'node:crypto';
import { requirePortal } from '@signet/access';
import { type Database, readInTenant, writeAuditEvent } from '@signet/db';
import { type AuditKind, type Platform, scopesOfRole } from '@signet/schema/contract';
import { badInput, RefusalError } from '@signet/service';
import {
  createConnection,
  createCursorCodec,
  findId,
  isTextKey,
  readId,
  readPage,
  readReason,
} from '@signet/subgraph';
import type { Transaction } from 'kysely';
import { auditStaff } from '../audit/audit-events.ts';
import type { GraphqlContext } from '../context.ts';
import type {
  MutationResolvers,
  QueryResolvers,
  ServiceSide,
  StaffMemberResolvers,
} from '../resolvers.generated.ts';
import {
  closeServiceAccount,
  endCredential,
  findServiceAccount,
  getServiceAccount,
  insertCredential,
  insertServiceAccount,
  listServiceAccounts,
  listServicesOfMember,
  type NewCredential,
  type ServiceChange,
  type ServiceManager,
  updateServiceAccount,
} from '../services/administration.queries.ts';
import { readRegisteredKey } from '../services/public-jwk.ts';
import {
  assertMayGrantAll,
  readJwksUrl,
  readServiceExpiry,
  readServiceName,
  readServiceNetworks,
  readServiceScopes,
} from '../services/service-input.ts';
import { asStaffManager, type Portal, type StaffManager } from './manage-staff.ts';

type Trx = Transaction<Database>;

const scope = 'services:write';
const codec = createCursorCodec('services:name', isTextKey);

/** `serviceAccounts`: those of one platform, by name. */
export function createServiceAccountList({
  getIssuer,
}: Portal): NonNullable<QueryResolvers['serviceAccounts']> {
  return async (_parent, args, ctx) => {
    requirePortal(ctx.session, scope);
    const page = readPage(args, codec);
    const platform = toPlatform(args.side);
    const rows = await readInTenant(getIssuer().db, ctx.tenantId, (trx) =>
      listServiceAccounts(trx, platform, page),
    );
    return createConnection(rows, page, codec, ({ name, id }) => ({ key: name, id }));
  };
}

/** `serviceAccount`: one of them. */
export function createFindServiceAccount({
  getIssuer,
}: Portal): NonNullable<QueryResolvers['serviceAccount']> {
  return async (_parent, { side, id: input }, ctx) => {
    requirePortal(ctx.session, scope);
    const id = findId(input);
    if (id === undefined) return null;
    return readInTenant(getIssuer().db, ctx.tenantId, async (trx) => {
      return (await findServiceAccount(trx, toPlatform(side), id)) ?? null;
    });
  };
}

/** `StaffMember.activeServiceAccounts` */
export function createServicesOfMember({
  getIssuer,
}: Portal): NonNullable<StaffMemberResolvers['activeServiceAccounts']> {
  return ({ id }, _args, ctx) => {
    requirePortal(ctx.session, scope);
    return readInTenant(getIssuer().db, ctx.tenantId, (trx) => listServicesOfMember(trx, id));
  };
}

/** @throws {RefusalError} input.name, input.scopes, input.networks, input.expiresAt, input.reason; authz.role.deny, auth.failure.revoked */
export function createCreateServiceAccount(
  portal: Portal,
): NonNullable<MutationResolvers['createServiceAccount']> {
  return (_parent, { input }, ctx) => {
    requirePortal(ctx.session, scope);
    const platform = toPlatform(input.side);
    const reason = readReason(input.reason);
    const name = readServiceName(input.name);
    const networks = readServiceNetworks(input.networks);
    return administer(portal, ctx, async (trx, { actor, now }, manager) => {
      const scopes = readServiceScopes(input.scopes, platform, actor.role);
      const expiresAt = readServiceExpiry(input.expiresAt, now);
      const account = { name, scopes, networks, expiresAt };
      const id = await insertServiceAccount(trx, platform, manager, account);
      if (id === undefined) throw takenName();
      await audit(trx, 'auth.service.created', ctx, id, { platform, reason, scopes: scopes.join(' ') });
      return getServiceAccount(trx, platform, id);
    });
  };
}

/** @throws {RefusalError} as `createServiceAccount`, input.serviceAccount */
export function createChangeServiceAccount(
  portal: Portal,
): NonNullable<MutationResolvers['changeServiceAccount']> {
  return (_parent, { input }, ctx) => {
    requirePortal(ctx.session, scope);
    const platform = toPlatform(input.side);
    const reason = readReason(input.reason);
    const id = readId('serviceAccount', input.serviceAccount);
    const { name, scopes, networks, expiresAt } = input;
    return administer(portal, ctx, async (trx, { actor, now }, manager) => {
      const change = {
        name: (name ?? undefined) === undefined ? undefined : readServiceName(name as string),
        scopes: scopes ? readServiceScopes(scopes, platform, actor.role) : undefined,
        networks: networks ? readServiceNetworks(networks) : undefined,
        expiresAt: expiresAt === undefined ? undefined : readServiceExpiry(expiresAt, now),
      };
      const { outcome, ended } = await updateServiceAccount(trx, platform, manager, id, change);
      if (outcome === 'unknown') throw unknownAccount();
      if (outcome === 'inactive') throw deactivatedAccount();
      if (outcome === 'taken') throw takenName();
      if (outcome === 'wider')
        throw badInput('scopes', 'A service account loses scopes and gets none: make another one.');
      const account = await getServiceAccount(trx, platform, id);
      assertMayGrantAll(account.scopes, platform, actor.role);
      await audit(trx, 'auth.service.changed', ctx, id, {
        platform,
        reason,
        ...describeChange(change),
        ended,
      });
      return account;
    });
  };
}

/** What an account has from now on, of what was asked for. */
function describeChange({ name, scopes, networks, expiresAt }: ServiceChange) {
  return {
    ...(name !== undefined && { renamed: 'yes' }),
    ...(scopes && { scopes: scopes.join(' ') }),
    ...(networks && { networks: networks.join(' ') }),
    ...(expiresAt !== undefined && { expiresAt: expiresAt?.toISOString() ?? 'never' }),
  };
}

/** @throws {RefusalError} input.jwk, input.jwksUrl, input.serviceAccount, input.reason; authz.role.deny, auth.failure.revoked */
export function createRegisterServiceKey(
  portal: Portal,
): NonNullable<MutationResolvers['registerServiceKey']> {
  return async (_parent, { input }, ctx) => {
    requirePortal(ctx.session, scope);
    const { isListedNetwork } = portal.getIssuer().services;
    const { jwk, jwksUrl } = input;
    if ((jwk ?? undefined) === undefined && (jwksUrl ?? undefined) === undefined)
      throw badInput('jwk', 'Give a key as jwk, or the URL of a key set as jwksUrl.');
    if (jwk && jwksUrl) throw badInput('jwksUrl', 'Give jwk or jwksUrl, and not both.');
    const credential: NewCredential = jwk
      ? { kind: 'key', ...(await readJwk(jwk)) }
      : { kind: 'jwks', jwksUrl: readJwksUrl(jwksUrl ?? '', isListedNetwork) };
    return addCredential(portal, ctx, input, credential);
  };
}

/** @throws {RefusalError} authz.permission.deny, input.serviceAccount, input.reason; authz.role.deny, auth.failure.revoked */
export function createCreateServiceSecret(
  portal: Portal,
): NonNullable<MutationResolvers['createServiceSecret']> {
  return async (_parent, { input }, ctx) => {
    requirePortal(ctx.session, scope);
    if (!portal.getIssuer().services.areSecretsOn) {
      throw new RefusalError('authz.permission.deny', {
        text: 'Secrets of services are turned off here: register a key.',
      });
    }
    const secret = randomBytes(32).toString('base64url');
    const secretHash = createHash('sha256').update(secret).digest();
    return {
      secret,
      serviceAccount: await addCredential(portal, ctx, input, { kind: 'secret', secretHash }),
    };
  };
}

/** @throws {RefusalError} input.credential, input.reason; authz.role.deny, auth.failure.revoked */
export function createRevokeServiceKey(portal: Portal): NonNullable<MutationResolvers['revokeServiceKey']> {
  return (_parent, { input }, ctx) => {
    requirePortal(ctx.session, scope);
    const platform = toPlatform(input.side);
    const reason = readReason(input.reason);
    const credential = readId('credential', input.credential);
    return administer(portal, ctx, async (trx, _manager, manager) => {
      const ended = await endCredential(trx, platform, manager, credential);
      if (!ended) throw badInput('credential', 'There is no such credential.');
      const details = { platform, reason, credential };
      if (ended.isNew) await audit(trx, 'auth.service.credential_revoked', ctx, ended.serviceId, details);
      return getServiceAccount(trx, platform, ended.serviceId);
    });
  };
}

/** @throws {RefusalError} input.serviceAccount, input.reason; authz.role.deny, auth.failure.revoked */
export function createDeactivateServiceAccount(
  portal: Portal,
): NonNullable<MutationResolvers['deactivateServiceAccount']> {
  return (_parent, { input }, ctx) => {
    requirePortal(ctx.session, scope);
    const platform = toPlatform(input.side);
    const reason = readReason(input.reason);
    const id = readId('serviceAccount', input.serviceAccount);
    return administer(portal, ctx, async (trx, _manager, manager) => {
      const closed = await closeServiceAccount(trx, platform, manager, id);
      if (!closed) throw unknownAccount();
      const details = { platform, reason, credentials: closed.credentials };
      if (closed.isNew) await audit(trx, 'auth.service.deactivated', ctx, id, details);
      return getServiceAccount(trx, platform, id);
    });
  };
}

type CredentialInput = { side: ServiceSide; serviceAccount: string; reason: string };

async function addCredential(
  portal: Portal,
  ctx: GraphqlContext,
  input: CredentialInput,
  added: NewCredential,
) {
  const platform = toPlatform(input.side);
  const reason = readReason(input.reason);
  const serviceId = readId('serviceAccount', input.serviceAccount);
  return administer(portal, ctx, async (trx, { actor }, manager) => {
    const made = await insertCredential(trx, platform, manager, serviceId, added);
    const { outcome } = made;
    if (outcome === 'unknown') throw unknownAccount();
    if (outcome === 'inactive') throw deactivatedAccount();
    if (outcome === 'full')
      throw badInput('serviceAccount', 'It has ten credentials already: revoke those that are not used.');
    if (made.outcome !== 'done')
      throw badInput('jwk', 'This key is, or was, registered for the account: make another one.');
    // Its row is locked by now.
    const account = await getServiceAccount(trx, platform, serviceId);
    assertMayGrantAll(account.scopes, platform, actor.role);
    const details = { platform, reason, credential: made.id, kind: added.kind };
    await audit(trx, 'auth.service.credential_added', ctx, serviceId, details);
    return account;
  });
}

/** Judges by the rows, which are locked: a member who was demoted a moment ago is refused, whatever the token still says. */
function administer<T>(
  portal: Portal,
  ctx: GraphqlContext,
  fn: (trx: Trx, locked: StaffManager, manager: ServiceManager) => Promise<T>,
): Promise<T> {
  return asStaffManager(
    portal,
    ctx,
    [],
    (trx, locked) => {
      if (!scopesOfRole[locked.actor.role].includes(scope)) throw new RefusalError('authz.role.deny');
      const { sessionId = '' } = requirePortal(ctx.session, scope);
      return fn(trx, locked, { staffId: locked.actor.id, sessionId });
    },
    scope,
  );
}

async function readJwk(jwk: Readonly<Record<string, unknown>>) {
  const read = await readRegisteredKey(jwk);
  if (typeof read === 'string') throw badInput('jwk', read);
  return read;
}

function audit(
  trx: Trx,
  kind: AuditKind,
  ctx: GraphqlContext,
  serviceId: string,
  details: Readonly<Record<string, string | number>>,
): Promise<void> {
  return writeAuditEvent(trx, auditStaff(kind, ctx, serviceId, details));
}

function toPlatform(side: ServiceSide): Platform {
  return side === 'USER' ? 'user' : 'portal';
}

function takenName(): RefusalError {
  return badInput('name', 'An active service account has this name.');
}

function deactivatedAccount(): RefusalError {
  return badInput('serviceAccount', 'This service account was deactivated: make another one.');
}

function unknownAccount(): RefusalError {
  return badInput('serviceAccount', 'There is no such service account.');
}
