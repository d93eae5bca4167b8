import { createHash, timingSafeEqual } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SampledAudit } from '@signet/db';
import { readClientPrefix } from '@signet/flow';
import { RefusalError } from '@signet/service';
import { OauthRefusal } from '../oauth/oauth-refusal.ts';
import type { OauthRequest } from '../oauth/oauth-routes.ts';
import { type ReadAssertion, readAssertion } from './client-assertion.ts';
import { type PresentedCredentials, readCredentials } from './client-credentials.ts';
import type { ClientThrottle } from './client-throttle.ts';
import { createDecoys } from './decoys.ts';
import { findAssertionKey } from './find-assertion-key.ts';
import type { ServiceAccount, ServiceAccounts, ServiceCredential } from './service-accounts.ts';
import { isSignedBy } from './signed-text.ts';
import type { UsedAssertions } from './used-assertions.ts';

/** A client that has proved which service it is, by one of its credentials. */
export type AuthenticatedClient = { account: ServiceAccount; credential: ServiceCredential };

export type ClientAuthentication = {
  /** The identifier of the platform's issuer: the one audience of an assertion. */
  issuer: string;
  accounts: ServiceAccounts;
  used: UsedAssertions;
  throttle: ClientThrottle;
  samples: SampledAudit;
  /** Whether secrets are taken beside keys. */
  areSecretsOn: boolean;
  findTenantId(slug: string): Promise<string | undefined>;
  defaultTenant: string;
  now(): Date;
  /** From the request to the refusal of a client that is unknown or not itself, in milliseconds. */
  refusalMs?: number;
};

/** Proves who a client is. @throws {OauthRefusal} invalid_request, invalid_client, unauthorized_client; {RefusalError} auth.throttled */
export type AuthenticateClient = (
  request: OauthRequest,
  form: ReadonlyMap<string, string>,
) => Promise<AuthenticatedClient>;

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Longer than a look into the database takes. */
const defaultRefusalMs = 50;
const noSuchClient = 'Client authentication failed.';

type Proof = AuthenticatedClient & { assertion?: ReadAssertion };
type NotProven = {
  reason: 'unknown_client' | 'unknown_key' | 'keys_unavailable' | 'invalid_signature' | 'invalid_secret';
  account: ServiceAccount | undefined;
  isBasic?: boolean;
};

/**
 * Authenticates the clients of one platform. An unknown client, an unknown key and a wrong signature get the same answer after the same
 * work, and not before `refusalMs` are over. What an assertion lacks by itself is said: it tells nothing of any client. An assertion is
 * used up as the last step, when everything else is right.
 */
export function createClientAuthentication(options: ClientAuthentication): AuthenticateClient {
  const { throttle, used, refusalMs = defaultRefusalMs } = options;
  const decoys = createDecoys();
  const refuse = async (
    request: OauthRequest,
    startedAt: number,
    { reason, account, isBasic }: NotProven,
  ) => {
    const { clientAddress: address } = request.context;
    throttle.noteFailure(address);
    request.caller.tenantId = account?.tenantId;
    await auditRefusal(request, { reason, account }, options);
    await sleep(Math.max(0, startedAt + refusalMs - performance.now()));
    throw new OauthRefusal(401, 'invalid_client', noSuchClient, {
      reason: `oauth.${reason}`,
      headers: { ...(isBasic && { 'www-authenticate': 'Basic realm="oauth"' }) },
    });
  };
  return async (request, form) => {
    const startedAt = performance.now();
    const { clientAddress: address } = request.context;
    const presented = readCredentials(form, request.authorization);
    const proven =
      presented.method === 'private_key_jwt'
        ? await proveByAssertion(presented, request, options, decoys)
        : await proveBySecret(presented, request, options, decoys);
    if ('reason' in proven) return refuse(request, startedAt, proven);
    const { account, credential, assertion } = proven;
    request.caller.client = { id: account.id, tenantId: account.tenantId };
    await assertMayAsk(account, request, options);
    if (assertion && !(await used.use(account.id, assertion.tokenId, assertion.expiresAt))) {
      throttle.noteFailure(address);
      await auditRefusal(request, { reason: 'replay', account }, options);
      // Whoever captured it is not the client.
      request.caller.client = undefined;
      request.caller.tenantId = account.tenantId;
      throw new OauthRefusal(401, 'invalid_client', 'This assertion was used already.', {
        reason: 'oauth.replay',
      });
    }
    throttle.noteSuccess(account.id, address);
    // Last: who sends a captured assertion again takes none of the client's turns.
    throttle.takeTurn(account.id);
    return { account, credential };
  };
}

type Decoys = ReturnType<typeof createDecoys>;

async function proveByAssertion(
  { assertion: text, clientId }: Extract<PresentedCredentials, { method: 'private_key_jwt' }>,
  { context }: OauthRequest,
  { issuer, accounts, throttle, now }: ClientAuthentication,
  decoys: Decoys,
): Promise<Proof | NotProven> {
  const assertion = readAssertion(text, issuer, now().getTime());
  if (typeof assertion === 'string')
    throw new OauthRefusal(401, 'invalid_client', assertion, { reason: 'oauth.assertion' });
  if (clientId !== undefined && clientId !== assertion.clientId) {
    throw new OauthRefusal(400, 'invalid_request', 'client_id names another client than the assertion.');
  }
  await throttle.assertMayTry(assertion.clientId, context.clientAddress);
  const account = await accounts.find(assertion.clientId);
  const found = account ? await findAssertionKey(account, assertion) : 'unknown';
  // To strangers, a client whose key set is down is one that is not known: they shall not learn which there are.
  if (found === 'unavailable' && (await throttle.isKnown(assertion.clientId, context.clientAddress))) {
    throw new RefusalError('auth.unavailable');
  }
  const key = typeof found === 'string' ? decoys.keyOf(assertion.algorithm) : found.key;
  const isRight = isSignedBy(assertion, key, assertion.algorithm);
  if (!account) return { reason: 'unknown_client', account };
  if (typeof found === 'string') {
    return { reason: found === 'unknown' ? 'unknown_key' : 'keys_unavailable', account };
  }
  return isRight
    ? { account, credential: found.credential, assertion }
    : { reason: 'invalid_signature', account };
}

async function proveBySecret(
  { method, clientId, secret }: Extract<PresentedCredentials, { secret: string }>,
  { context }: OauthRequest,
  { accounts, throttle, areSecretsOn }: ClientAuthentication,
  decoys: Decoys,
): Promise<Proof | NotProven> {
  if (!areSecretsOn) {
    throw new OauthRefusal(
      401,
      'invalid_client',
      'Authenticate with client_assertion: secrets are not taken.',
      { reason: 'oauth.method' },
    );
  }
  const isBasic = method === 'client_secret_basic';
  await throttle.assertMayTry(clientId, context.clientAddress);
  const account = uuidForm.test(clientId) ? await accounts.find(clientId) : undefined;
  const hash = createHash('sha256').update(secret).digest();
  let credential: ServiceCredential | undefined;
  for (const one of [...(account?.credentials ?? []), decoys.secret]) {
    // All are compared, also behind the right one.
    if (one.kind === 'secret' && timingSafeEqual(one.hash, hash) && one !== decoys.secret) credential = one;
  }
  if (!account) return { reason: 'unknown_client', account, isBasic };
  return credential ? { account, credential } : { reason: 'invalid_secret', account, isBasic };
}

/** What is checked when the client is known to be itself: it may be told. @throws {OauthRefusal} invalid_client, unauthorized_client */
async function assertMayAsk(
  account: ServiceAccount,
  request: OauthRequest,
  options: ClientAuthentication,
): Promise<void> {
  const { clientAddress, tenant } = request.context;
  const refuse = async (reason: string, refusal: OauthRefusal) => {
    await auditRefusal(request, { reason, account }, options);
    throw refusal;
  };
  if (tenant !== undefined && (await options.findTenantId(tenant)) !== account.tenantId) {
    await refuse(
      'tenant_mismatch',
      new OauthRefusal(401, 'invalid_client', 'This client is of another tenant than the request names.', {
        reason: 'oauth.tenant_mismatch',
      }),
    );
  }
  if (account.expiresAt !== null && account.expiresAt <= options.now()) {
    await refuse(
      'expired',
      new OauthRefusal(401, 'invalid_client', 'This client has expired.', { reason: 'oauth.expired' }),
    );
  }
  if (!account.mayAskFrom(clientAddress)) {
    await refuse(
      'network',
      new OauthRefusal(400, 'unauthorized_client', 'This client may not ask from this network.', {
        reason: 'oauth.network',
      }),
    );
  }
}

/** Sampled, since anybody can cause it. A client that nobody has is the default tenant's affair. */
async function auditRefusal(
  { context }: OauthRequest,
  { reason, account }: { reason: string; account: ServiceAccount | undefined },
  { samples, findTenantId, defaultTenant }: ClientAuthentication,
): Promise<void> {
  const { clientAddress: address = null, requestId, tenant } = context;
  const tenantId =
    account?.tenantId ?? (tenant && (await findTenantId(tenant))) ?? (await findTenantId(defaultTenant));
  if (tenantId === undefined || tenantId === '') return;
  samples.tell('auth.service.refused', account?.id ?? readClientPrefix(address).network, {
    tenantId,
    subjectId: account?.id,
    origin: { address, requestId },
    details: { reason },
  });
}
