import { setTimeout as sleep } from 'node:timers/promises';
import { requirePortal } from '@signet/access';
import { readInTenant, writeAuditEvent } from '@signet/db';
import { type AuditKind, type Platform, platforms, scopesOfRole } from '@signet/schema/contract';
import { badInput, RefusalError } from '@signet/service';
import { readReason } from '@signet/subgraph';
import { auditStaff } from '../audit/audit-events.ts';
import type { GraphqlContext } from '../context.ts';
import { addSeconds } from '../dates.ts';
import type { KeyDesk, PublishedKey } from '../keys/key-desk.ts';
import { rotationDueAt, signsFrom } from '../keys/key-plan.ts';
import {
  type AdministeredKey,
  countKeyUse,
  listKeysOf,
  requestRevocation,
  requestRotation,
} from '../keys/staff-keys.queries.ts';
import type {
  MutationResolvers,
  QueryResolvers,
  SigningKeyResolvers,
  SigningKeyState,
  SigningKeyUse,
} from '../resolvers.generated.ts';
import { asStaffManager, type Portal, type StaffManager } from './manage-staff.ts';

type Trx = Parameters<Parameters<typeof asStaffManager>[3]>[0];

/** What administers keys. `getDesk` throws auth.unavailable in a process that does not hold staff's platform. */
export type KeyAdministration = { portal: Portal; getDesk(): KeyDesk };

export function bindKeyAdministration(portal: Portal, desk: KeyDesk | undefined): KeyAdministration {
  return {
    portal,
    getDesk() {
      portal.getIssuer();
      if (!desk) throw new TypeError('A process that holds the portal has a key desk.');
      return desk;
    },
  };
}

export type KeyView = {
  kid: string;
  algorithm: string;
  state: SigningKeyState | null;
  isImported: boolean;
  publishedAt: Date | null;
  signsSince: Date | null;
  maySignFrom: Date | null;
  takesOverAt: Date | null;
  isRotationRequested: boolean;
  leavesAt: Date | null;
  revokedAt: Date | null;
  countUse(): Promise<SigningKeyUse | null>;
};
export type KeySetView = {
  side: 'USER' | 'PORTAL';
  isInFiles: boolean;
  rotationDays: number | null;
  copySeconds: number;
  keys: readonly KeyView[];
};

const scope = 'keys:write';
const mostRetired = 10;
/** A mutation answers with the outcome where the process that holds the keys has it by then. */
const outcomeWaitMs = 2000;
const outcomePollMs = 50;

/** `SigningKey.use`: counted only where somebody asks. */
export const resolveKeyUse: NonNullable<SigningKeyResolvers['use']> = (key) => key.countUse();

/** `signingKeys`. @throws {RefusalError} authz.permission.deny */
export function createSigningKeys(
  administration: KeyAdministration,
): NonNullable<QueryResolvers['signingKeys']> {
  return async (_parent, { side }, ctx) => {
    requirePortal(ctx.session, scope);
    await assertOperator(administration, ctx);
    const asked = side ? [toPlatform(side)] : platforms;
    return Promise.all(asked.map((platform) => readKeySet(administration, ctx, platform)));
  };
}

/** @throws {RefusalError} input.kid, input.side, input.reason, authz.permission.deny; authz.role.deny, auth.failure.revoked */
export function createRotateSigningKey(
  administration: KeyAdministration,
): NonNullable<MutationResolvers['rotateSigningKey']> {
  return async (_parent, { input }, ctx) => {
    requirePortal(ctx.session, scope);
    const platform = toPlatform(input.side);
    const reason = readReason(input.reason);
    const kid = readKid(input.kid);
    await assertOperator(administration, ctx);
    const { isInFiles } = await readKeySet(administration, ctx, platform);
    if (isInFiles)
      throw badInput('side', 'These keys lie in files: change those and start auth again (docs/keys.md).');
    await administer(administration, ctx, async (trx, manager) => {
      const outcome = await requestRotation(trx, manager, { platform, signing: kid });
      if (outcome === 'replaced') throw badInput('kid', 'This key does not sign, or no longer: look again.');
      if (outcome === 'incomplete')
        throw new RefusalError('auth.unavailable', { text: 'No key waits yet. Try again in a moment.' });
      if (outcome === 'done') await audit(trx, 'auth.key.rotation_requested', ctx, { platform, kid, reason });
    });
    return waitFor(administration, ctx, platform, ({ keys }) => {
      const next = keys.find(({ state }) => state === 'NEXT');
      const isDue = next?.isRotationRequested && next.maySignFrom && next.maySignFrom <= new Date();
      return next !== undefined && !isDue;
    });
  };
}

/** @throws {RefusalError} input.kid, input.reason, authz.permission.deny; authz.role.deny, auth.failure.revoked */
export function createRevokeSigningKey(
  administration: KeyAdministration,
): NonNullable<MutationResolvers['revokeSigningKey']> {
  return async (_parent, { input }, ctx) => {
    requirePortal(ctx.session, scope);
    const platform = toPlatform(input.side);
    const reason = readReason(input.reason);
    const kid = readKid(input.kid);
    await assertOperator(administration, ctx);
    const { isInFiles, keys } = await readKeySet(administration, ctx, platform);
    const inFiles = isInFiles && keys.some((key) => key.kid === kid);
    await administer(administration, ctx, async (trx, manager) => {
      const outcome = await requestRevocation(trx, manager, { platform, kid, inFiles });
      if (outcome === 'unknown') throw badInput('kid', 'There is no such key.');
      if (outcome === 'done')
        await audit(trx, 'auth.key.revocation_requested', ctx, { platform, kid, reason });
    });
    // The platform's own process makes what is missing.
    return waitFor(
      administration,
      ctx,
      platform,
      (set) =>
        set.isInFiles || ['ACTIVE', 'NEXT'].every((state) => set.keys.some((key) => key.state === state)),
    );
  };
}

/**
 * Keys serve all tenants. With several, the staff of one of them must not sign out the customers of the others.
 *
 * @throws {RefusalError} authz.permission.deny
 */
async function assertOperator({ getDesk }: KeyAdministration, ctx: GraphqlContext): Promise<void> {
  if ((await getDesk().findOperatorTenant()) !== ctx.tenantId) {
    throw new RefusalError('authz.permission.deny', {
      text: 'Signing keys serve all tenants: staff of the default tenant administer them.',
    });
  }
}

/** Judges by the rows, which are locked: a member who was demoted a moment ago is refused, whatever the token still says. */
function administer(
  { portal }: KeyAdministration,
  ctx: GraphqlContext,
  fn: (trx: Trx, manager: { staffId: string; sessionId: string }) => Promise<void>,
): Promise<void> {
  const act = (trx: Trx, { actor }: StaffManager) => {
    if (!scopesOfRole[actor.role].includes(scope)) throw new RefusalError('authz.role.deny');
    const { sessionId = '' } = requirePortal(ctx.session, scope);
    return fn(trx, { staffId: actor.id, sessionId });
  };
  return asStaffManager(portal, ctx, [], act, scope);
}

function audit(
  trx: Trx,
  kind: AuditKind,
  ctx: GraphqlContext,
  details: { platform: Platform; kid: string; reason: string },
): Promise<void> {
  return writeAuditEvent(trx, auditStaff(kind, ctx, undefined, details));
}

async function waitFor(
  administration: KeyAdministration,
  ctx: GraphqlContext,
  platform: Platform,
  isThere: (set: KeySetView) => boolean,
): Promise<KeySetView> {
  const until = performance.now() + outcomeWaitMs;
  for (;;) {
    const set = await readKeySet(administration, ctx, platform);
    if (isThere(set) || performance.now() > until) return set;
    await sleep(outcomePollMs);
  }
}

async function readKeySet(
  { portal, getDesk }: KeyAdministration,
  ctx: GraphqlContext,
  platform: Platform,
): Promise<KeySetView> {
  const desk = getDesk();
  const { db } = portal.getIssuer();
  const rows = await readInTenant(db, ctx.tenantId, (trx) => listKeysOf(trx, platform, { mostRetired }));
  const inFiles = await desk.findKeysInFiles(platform, rows);
  const side = platform === 'user' ? 'USER' : 'PORTAL';
  const copySeconds = desk.publicationSeconds;
  if (inFiles) {
    return { side, isInFiles: true, rotationDays: null, copySeconds, keys: inFiles.map(toKeyInFile) };
  }
  let counted: ReturnType<typeof countKeyUse> | undefined;
  const countUse = () => {
    counted ??= readInTenant(db, ctx.tenantId, (trx) => countKeyUse(trx, platform));
    return counted;
  };
  const rotationSeconds = desk.rotationSecondsOf(platform);
  const policy = { publicationSeconds: desk.publicationSeconds, rotationSeconds };
  const active = rows.find(({ state }) => state === 'active');
  return {
    side,
    isInFiles: false,
    rotationDays: rotationSeconds / 86_400,
    copySeconds,
    keys: rows.map((row) => toKey(row, { active, policy, countUse })),
  };
}

function toKey(
  row: AdministeredKey,
  known: {
    active: AdministeredKey | undefined;
    policy: { publicationSeconds: number; rotationSeconds: number };
    countUse: () => ReturnType<typeof countKeyUse>;
  },
): KeyView {
  const maySignFrom = row.state === 'next' ? signsFrom(row, known.policy) : null;
  const due = maySignFrom && known.active && rotationDueAt(known.active, row, known.policy);
  return {
    kid: row.kid,
    algorithm: row.algorithm,
    state: row.state.toUpperCase() as SigningKeyState,
    isImported: row.imported,
    publishedAt: row.published_at,
    signsSince: row.activated_at,
    maySignFrom,
    takesOverAt: due ? (due > maySignFrom ? due : maySignFrom) : null,
    isRotationRequested: row.state === 'next' && row.promote_at !== null,
    leavesAt: row.retire_at,
    revokedAt: row.revoked_at,
    async countUse() {
      if (row.state !== 'active' && row.state !== 'retiring') return null;
      const use = (await known.countUse()).find(({ kid }) => kid === row.kid);
      if (!use) return null;
      const { sessions, impersonations, services } = use;
      const tokensUntil = row.retire_at ?? addSeconds(new Date(), row.token_seconds);
      return { sessions, impersonations, services, tokensUntil };
    },
  };
}

/** The first one signs (`openPemKeyRing`). */
function toKeyInFile({ kid, algorithm }: PublishedKey, index: number): KeyView {
  return {
    kid,
    algorithm,
    state: index === 0 ? 'ACTIVE' : null,
    isImported: true,
    publishedAt: null,
    signsSince: null,
    maySignFrom: null,
    takesOverAt: null,
    isRotationRequested: false,
    leavesAt: null,
    revokedAt: null,
    countUse: async () => null,
  };
}

/** @throws {RefusalError} input.kid */
function readKid(kid: string): string {
  if (!/^[\w-]{1,128}$/.test(kid)) throw badInput('kid', 'There is no such key.');
  return kid;
}

function toPlatform(side: 'USER' | 'PORTAL'): Platform {
  return side === 'USER' ? 'user' : 'portal';
}
