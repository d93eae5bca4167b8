import { requirePortal, requireUser } from '@signet/access';
import { type Database, type Query, readInTenant, type SampledAudit } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import { type Logger, RefusalError } from '@signet/service';
import DataLoader from 'dataloader';
import type { Kysely } from 'kysely';
import { defineAccountsByIds } from './accounts/account.queries.ts';
import type { Account, PlatformTables, StaffAccount, UserAccount } from './accounts/account.ts';
import type { FailedSignInAudit } from './audit/failed-sign-ins.ts';
import type { GraphqlContext } from './context.ts';
import type { DeviceTokens } from './devices/device-token.ts';
import type { FactorPolicy } from './factors/factor-settings.ts';
import type { LaterWork } from './later-work.ts';
import type { Outbox } from './mail/outbox.ts';
import type { Passkeys } from './passkeys/passkeys.ts';
import type { PasswordWorkers } from './passwords/password-workers.ts';
import type { Rehash } from './passwords/rehash.ts';
import type { Lifetimes } from './platform-settings.ts';
import type { ServiceRules } from './services/service-settings.ts';
import type { SessionClient, SessionOwner } from './sessions/session.queries.ts';
import type { SignInThrottle } from './throttle/sign-in-throttle.ts';
import type { AccessTokenSigner } from './tokens/access-token-signer.ts';
import type { ImpersonatedTokenSigner } from './tokens/impersonated-token-signer.ts';
import type { Upstream } from './upstream/upstream.ts';

/** Everything that signing in on one platform needs. A process has none for a platform that it does not hold. */
export type PlatformIssuer<A extends Account = Account> = {
  platform: Platform;
  db: Kysely<Database>;
  tables: PlatformTables<A>;
  passwords: PasswordWorkers;
  /** For every operation that has found a password to be the right one. */
  rehash: Rehash;
  throttle: SignInThrottle;
  devices: DeviceTokens;
  samples: SampledAudit;
  auditFailedSignIn: FailedSignInAudit;
  lifetimes: Lifetimes;
  /** What it asks of second factors. */
  factors: FactorPolicy;
  /** Undefined where passkeys are not configured. */
  passkeys: Passkeys | undefined;
  signAccessToken: AccessTokenSigner<A>;
  /** @throws {TypeError} on the portal's platform, where nobody is impersonated. */
  signImpersonatedToken: ImpersonatedTokenSigner;
  /** The longest life of such a token. */
  impersonationSeconds: number;
  /** Undefined where no mail is configured. */
  mail: Outbox | undefined;
  /** From a customer's wish to be deleted until it is carried out. */
  deletionDays: number;
  /** The identity providers at which people sign in. */
  upstream: Upstream;
  later: LaterWork;
  /** What staff may give to services. */
  services: ServiceRules;
  /** For what fails without failing the request. */
  log: Logger;
  now(): Date;
};

export type UserIssuer = PlatformIssuer<UserAccount> & { platform: 'user' };
export type PortalIssuer = PlatformIssuer<StaffAccount> & { platform: 'portal' };

/** The caller, as the token says. */
export type SessionSubject = SessionOwner & { tenantId: string; client?: SessionClient };

/**
 * What an operation is registered with: one platform's issuer, and how to tell that platform's callers. An operation is
 * written once and registered for both platforms; the resolver of one never holds the other's issuer.
 */
export type PlatformBinding<A extends Account> = {
  platform: Platform;
  /** @throws {RefusalError} auth.unavailable in a process that does not hold the platform. */
  getIssuer(): PlatformIssuer<A>;
  /**
   * The caller's own account and session.
   *
   * @throws {RefusalError} for a caller who is not signed in on this platform in person. With `orImpersonated`, a member of staff who acts as
   * the customer passes: for what reads, and nothing else.
   */
  requireSubject(ctx: GraphqlContext, options?: { orImpersonated?: boolean }): SessionSubject;
  /** An account of the request's tenant. However many a request asks for at once, they are one statement. */
  findAccount(ctx: GraphqlContext, id: string): Promise<A | undefined>;
};

export function bindUserPlatform(issuer: UserIssuer | undefined): PlatformBinding<UserAccount> {
  return {
    ...bindPlatform('user', issuer),
    requireSubject({ session, tenantId, client }, options) {
      const { userId, sessionId } = requireUser(session, options);
      return { tenantId, accountId: userId, sessionId: ownSession(sessionId), client };
    },
  };
}

export function bindPortalPlatform(issuer: PortalIssuer | undefined): PlatformBinding<StaffAccount> {
  return {
    ...bindPlatform('portal', issuer),
    requireSubject({ session, tenantId, client }) {
      const { staffId, sessionId } = requirePortal(session);
      return { tenantId, accountId: staffId, sessionId: ownSession(sessionId), client };
    },
  };
}

/** Every token of this process names its session. Another issuer's accounts and sessions are not here. */
function ownSession(sessionId: string | undefined): string {
  if (sessionId === undefined) throw new RefusalError('auth.failure.issuer_mismatch');
  return sessionId;
}

function bindPlatform<A extends Account>(
  platform: Platform,
  issuer: PlatformIssuer<A> | undefined,
): Omit<PlatformBinding<A>, 'requireSubject'> {
  const getIssuer = () => {
    if (!issuer) {
      const other = platform === 'user' ? 'portal' : 'user';
      throw new RefusalError('auth.unavailable', {
        text: `This process serves the '${other}' platform only.`,
      });
    }
    return issuer;
  };
  const findAccounts = issuer && defineAccountsByIds(issuer.tables);
  /** A request's loader lives as long as its context, on which it is kept. */
  const loaderKey = Symbol(`accounts of ${platform}`);
  type WithLoader = { [loaderKey]?: DataLoader<string, A | undefined> };
  return {
    platform,
    getIssuer,
    async findAccount(ctx: GraphqlContext & WithLoader, id) {
      ctx[loaderKey] ??= createAccountLoader(
        ctx.tenantId,
        getIssuer().db,
        findAccounts as NonNullable<typeof findAccounts>,
      );
      return ctx[loaderKey].load(id);
    },
  };
}

function createAccountLoader<A extends Account>(
  tenantId: string,
  db: Kysely<Database>,
  findAccounts: Query<{ ids: readonly string[] }, A>,
): DataLoader<string, A | undefined> {
  return new DataLoader(async (ids) => {
    const accounts = await readInTenant(db, tenantId, (trx) => findAccounts(trx, { ids }));
    const byId = new Map(accounts.map((account) => [account.id, account]));
    return ids.map((id) => byId.get(id));
  });
}
