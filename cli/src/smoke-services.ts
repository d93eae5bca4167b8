import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Answer,
  assertData,
  assertThat,
  createSoftwareService,
  type SmokeContext,
} from '@signet/testing/smoke';

type Walk = Pick<SmokeContext, 'portal' | 'step'> & {
  portalUrl: string;
  /** A member of staff who may make service accounts. */
  admin: { email: string; password: string };
};
type Service = { id: string; credentials: { id: string; kid: string }[] };

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** What services with the scope `customers:read` may have. */
const query = '{ customers(first: 1) { edges { node { id } } } }';
const refusedWithinMs = 1000;

/**
 * A service account from its making to its end: a key, a token by an assertion that works once, a staff field that admits services, a look at the
 * token, and two revocations.
 *
 * @returns false where the entrance names no token endpoint, or the member of staff cannot sign in by password alone: then nothing was tried.
 */
export async function walkServices({ portal, portalUrl, step, admin }: Walk): Promise<boolean> {
  const issuer = await findIssuer(portalUrl);
  const signedIn = await portal.query(operations.signIn, undefined, { input: admin });
  const staffToken = (signedIn.data?.portalLogin as { accessToken?: string } | null | undefined)?.accessToken;
  if (issuer === undefined || staffToken === undefined) return false;
  const program = createSoftwareService();
  const change = async (operation: string, input: object) =>
    assertData(await portal.query(operation, staffToken, { input: { side: 'PORTAL', reason, ...input } }))
      .result as Service;
  const held = { id: '', credential: '', kid: '', token: '' };
  const assert = () => program.assert({ id: held.id, kid: held.kid, audience: issuer });
  const ask = async (route: string, form: Record<string, string>, assertion = assert()) =>
    post(`${portalUrl}/oauth/portal/${route}`, {
      client_assertion_type: assertionType,
      client_assertion: assertion,
      ...form,
    });

  await step('staff make a service account and give it a key', async () => {
    const name = `smoke-${randomBytes(6).toString('hex')}`;
    held.id = (await change(operations.create, { name, scopes: ['customers:read'] })).id;
    const jwk = program.publicJwk;
    const { credentials } = await change(operations.register, { serviceAccount: held.id, jwk });
    Object.assign(held, { credential: credentials[0]?.id, kid: credentials[0]?.kid });
    return name;
  });
  await step('the service gets a token by an assertion, which works once', async () => {
    const assertion = assert();
    const form = { grant_type: 'client_credentials' };
    const { status, body } = await ask('token', form, assertion);
    assertThat(status === 200, `the token endpoint answers ${status} ${JSON.stringify(body)}`);
    held.token = String(body.access_token);
    const again = await ask('token', form, assertion);
    assertThat(again.body.error === 'invalid_client', `the second time: ${JSON.stringify(again.body)}`);
    return `${body.expires_in} s, ${body.scope}`;
  });
  await step('it reads what admits services, and nothing else', async () => {
    assertData(await portal.query(query, held.token));
    const { errors } = await portal.query('{ portalMe { id } }', held.token);
    const { reason: refusal } = errors?.[0]?.extensions ?? {};
    assertThat(refusal === 'authz.caller.deny', `a field for people: ${JSON.stringify(errors)}`);
    return refusal;
  });
  await step('it looks at its token, and ends it', async () => {
    const before = await ask('introspect', { token: held.token });
    assertThat(before.body.active === true && before.body.client_id === held.id, JSON.stringify(before));
    assertThat((await ask('revoke', { token: held.token })).status === 200, 'revoking it failed');
    const lag = await untilRefused(() => portal.query(query, held.token));
    return `refused after ${Math.round(lag)} ms`;
  });
  await step('its key is revoked, and its tokens with it', async () => {
    const { body } = await ask('token', { grant_type: 'client_credentials' });
    held.token = String(body.access_token);
    assertData(await portal.query(query, held.token));
    await change(operations.revoke, { credential: held.credential });
    const lag = await untilRefused(() => portal.query(query, held.token));
    await sleep(refusedWithinMs);
    const after = await ask('token', { grant_type: 'client_credentials' });
    assertThat(after.body.error === 'invalid_client', `afterwards: ${JSON.stringify(after.body)}`);
    await change(operations.deactivate, { serviceAccount: held.id });
    return `refused after ${Math.round(lag)} ms`;
  });
  return true;
}

const reason = 'npm run smoke';
const fields = '{ id credentials { id kid } }';
const operations = {
  signIn: 'mutation ($input: LoginInput!) { portalLogin(input: $input) { accessToken } }',
  create: `mutation ($input: CreateServiceAccountInput!) { result: createServiceAccount(input: $input) ${fields} }`,
  register: `mutation ($input: RegisterServiceKeyInput!) { result: registerServiceKey(input: $input) ${fields} }`,
  revoke: `mutation ($input: RevokeServiceKeyInput!) { result: revokeServiceKey(input: $input) ${fields} }`,
  deactivate: `mutation ($input: DeactivateServiceAccountInput!) { result: deactivateServiceAccount(input: $input) ${fields} }`,
};

/** The issuer of staff, where its metadata (RFC 8414) name a token endpoint. */
async function findIssuer(portalUrl: string): Promise<string | undefined> {
  const url = `${portalUrl}/.well-known/oauth-authorization-server/portal`;
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  if (!response.ok) return undefined;
  const { issuer, token_endpoint: endpoint } = (await response.json()) as Record<string, unknown>;
  return endpoint === undefined ? undefined : String(issuer);
}

async function post(url: string, form: Record<string, string>) {
  const response = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams(form),
    signal: AbortSignal.timeout(10_000),
  });
  const body = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  return { status: response.status, body };
}

/** Milliseconds until the token is refused as revoked. */
async function untilRefused(ask: () => Promise<Answer>): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const { errors } = await ask();
    const lag = performance.now() - startedAt;
    if (errors?.[0]?.extensions?.reason === 'auth.failure.revoked') return lag;
    assertThat(lag < refusedWithinMs, `it is still taken after ${Math.round(lag)} ms`);
    await sleep(20);
  }
}
