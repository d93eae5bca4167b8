import { openOperatorEnvironment, signExpiredUserToken } from '@signet/auth/operator';
import { portOffsets } from '@signet/schema/subgraphs';
import { configFields, createLogger } from '@signet/service';
import {
  type Answer,
  assertData,
  assertRefusal,
  assertThat,
  createSmokeClient,
  type Smoke,
  type SmokeClient,
  type SmokeContext,
} from '@signet/testing/smoke';
import type { Command } from 'commander';
import { action, addExample, type Context, messageOf, UsageError } from './command.ts';
import { loadFromSubgraphs } from './load-from-subgraphs.ts';
import { walkAccounts } from './smoke-accounts.ts';
import { walkImpersonation } from './smoke-impersonation.ts';
import { walkServices } from './smoke-services.ts';
import { walkTelemetry } from './smoke-telemetry.ts';
import { walkUpstream } from './smoke-upstream.ts';

/** `signet smoke`: the main paths of a running deployment; exit 1 at the first that is wrong. */
export function define(command: Command, context: Context): void {
  addExample(
    command.description(
      'Walks the main paths of a running deployment and prints each; exit 1 at the first that is wrong. Accounts: SMOKE_USER, ' +
        "SMOKE_PASSWORD, SMOKE_STAFF, SMOKE_STAFF_PASSWORD, SMOKE_ADMIN (a super_admin); the development seed's by default.",
    ),
    'npm run smoke -- http://localhost:4001 http://localhost:4002',
  )
    .argument('[url]', 'an entrance for customers (default: http://localhost:<PORT_BASE>)')
    .argument('[portal-url]', 'an entrance for staff (default: the same one, which admits both)')
    .option(
      '--router <keys-url>',
      'the URLs are those of a router of another make, and the keys lie at this one; refusals then count by what they keep back, whatever status and reason the router gives',
    )
    .option(
      '--telemetry',
      'also reads the metrics before and after the walk, and the ids of requests; SMOKE_METRICS_URLS names the metrics ports (default: http://localhost:<PORT_BASE + 9>)',
    )
    .action(
      action(
        context,
        (error) => `\n${messageOf(error)}`,
        (first: string | undefined, second: string | undefined, options: Options) =>
          smoke([first, second], options, context),
      ),
    );
}

type Options = { router?: string; telemetry?: boolean };

async function smoke(
  [first, second]: [string | undefined, string | undefined],
  { router: keysUrl, telemetry = false }: Options,
  context: Context,
): Promise<void> {
  if (telemetry && keysUrl !== undefined) {
    throw new UsageError('--telemetry reads the metrics of our gateway: leave it out with --router.');
  }
  const clean = (url: string) => url.replace(/\/(graphql\/?)?$/, '');
  const userUrl = clean(first ?? `http://localhost:${context.env.PORT_BASE ?? 4000}`);
  const portalUrl = clean(second ?? userUrl);
  const isApart = userUrl !== portalUrl;
  const step = createStep(context);
  const compareMetrics = telemetry
    ? await walkTelemetry({ step, userUrl, portalUrl, metricsUrls: metricsUrlsOf(context.env) })
    : undefined;
  const smokeContext = await walkPlatform([userUrl, portalUrl], keysUrl && clean(keysUrl), step, context);
  for (const walkSubgraph of await loadFromSubgraphs<Smoke>('smoke.ts', 'smoke')) {
    await walkSubgraph(smokeContext);
  }
  await walkAccountsByMail(smokeContext, userUrl, context);
  const admin = adminOf(context.env);
  if (!(await walkServices({ ...smokeContext, portalUrl, admin }))) {
    context.print(
      `--    services: not tried, since ${portalUrl} has no token endpoint, or ${admin.email} did not get in`,
    );
  }
  if (!(await walkUpstream({ ...smokeContext, userUrl, env: context.env }))) {
    context.print('--    an identity provider: not tried, since PROVIDERS_FILE has no entry `smoke` for it');
  }
  await compareMetrics?.();
  context.print(`\nAll of it holds at ${isApart ? `${userUrl} and ${portalUrl}` : userUrl}.`);
}

function metricsUrlsOf(env: Context['env']): string[] {
  const named =
    env.SMOKE_METRICS_URLS ?? `http://localhost:${Number(env.PORT_BASE ?? 4000) + portOffsets.metrics}`;
  return named.split(',').map((url) => url.trim().replace(/\/(metrics)?$/, ''));
}

function createStep({ print, printError }: Context): SmokeContext['step'] {
  return async (title, run) => {
    try {
      const result = await run();
      // A token is a secret: it is used, not printed.
      print(`ok    ${title}${/^[\w-]+\.[\w-]+\.[\w-]+$/.test(result) ? '' : `: ${result}`}`);
      return result;
    } catch (error) {
      printError(`WRONG ${title}`);
      throw error;
    }
  };
}

async function walkPlatform(
  [userUrl, portalUrl]: [string, string],
  keysUrl: string | undefined,
  step: SmokeContext['step'],
  { env }: Context,
): Promise<SmokeContext> {
  const [user, portal] = [createSmokeClient(userUrl), createSmokeClient(portalUrl)];
  const assertUnauthenticated = keysUrl === undefined ? assertRefusedToken : assertRefused;
  const assertWrongPlatform = (answer: Answer) => {
    if (keysUrl !== undefined) return assertRefused(answer);
    // An entrance for both platforms knows the token and refuses the field; one for a single platform does not know its issuer.
    return userUrl === portalUrl
      ? assertRefusal(answer, 'FORBIDDEN', 'authz.platform.deny')
      : assertUnauthenticated(answer, 'auth.failure.issuer_mismatch');
  };
  const password = env.SMOKE_PASSWORD ?? 'correct horse battery staple';
  const customer = { email: env.SMOKE_USER ?? 'ada@example.com', password };
  const staff = {
    email: env.SMOKE_STAFF ?? 'support@example.com',
    password: env.SMOKE_STAFF_PASSWORD ?? password,
  };

  const userToken = await step('a customer signs in', () => signIn(user, 'login', customer));
  await step('  claims', async () => showClaims(userToken, 'user'));
  await step('a customer reads their account and sessions', async () => {
    const { me, mySessions } = assertData(
      await user.query('{ me { email } mySessions { current } }', userToken),
    );
    assertThat((me as { email?: string } | null)?.email === customer.email, 'me is somebody else');
    assertThat(
      (mySessions as { current: boolean }[]).filter(({ current }) => current).length === 1,
      'the session of this token is not in the list',
    );
    return JSON.stringify(me);
  });
  await step('a customer proves again who they are', () => proveAgain(user, userToken, customer.password));
  await step("a customer's token at a staff field is refused", async () =>
    assertWrongPlatform(await portal.query('{ portalHealth }', userToken)),
  );
  const portalToken = await step('staff sign in', () => signIn(portal, 'portalLogin', staff));
  await step('  claims', async () => showClaims(portalToken, 'portal'));
  await step("a staff token at a customer's field is refused", async () =>
    assertWrongPlatform(await user.query('{ me { id email } }', portalToken)),
  );
  await step('a staff operation answers', async () => {
    const data = assertData(await portal.query('{ portalHealth portalMe { email role } }', portalToken));
    assertThat(data.portalHealth === 'ok', 'portalHealth is not "ok"');
    return JSON.stringify(data);
  });
  await step('a tampered token is refused', async () =>
    assertUnauthenticated(
      await user.query('{ me { id } }', tamper(userToken)),
      'auth.failure.invalid_signature',
    ),
  );
  await step('an expired token is refused', async () =>
    assertUnauthenticated(
      await user.query('{ me { id } }', await findExpiredToken(userUrl, env)),
      'auth.failure.expired',
    ),
  );
  await step('no token is refused', async () =>
    assertUnauthenticated(await user.query('{ me { id } }'), 'auth.failure.missing_token'),
  );
  await step('the two key sets share no key', () => {
    const published = keysUrl === undefined ? undefined : createSmokeClient(keysUrl);
    return compareKeySets(published ?? user, published ?? portal);
  });
  return { user, userToken, portal, portalToken, step };
}

/** Where the entrance shows the mails of a platform in development; elsewhere nobody but their recipients reads them. */
async function walkAccountsByMail(
  { user, userToken, portal, step }: SmokeContext,
  mailUrl: string,
  { env, print }: Context,
): Promise<void> {
  const admin = adminOf(env);
  if (await walkAccounts({ user, portal, step, mailUrl, admin })) {
    // Nobody acts as a customer whom no mail tells of it.
    return walkImpersonation({ user, userToken, portal, step, admin });
  }
  print(`--    accounts by mail: not tried, since ${mailUrl}/mailbox shows no mails`);
}

function adminOf(env: Context['env']) {
  return {
    email: env.SMOKE_ADMIN ?? 'admin@example.com',
    password: env.SMOKE_STAFF_PASSWORD ?? env.SMOKE_PASSWORD ?? 'correct horse battery staple',
  };
}

async function signIn(client: SmokeClient, field: 'login' | 'portalLogin', input: object): Promise<string> {
  const { data, errors } = await client.query(
    `mutation SignIn($email: String!, $password: String!) {
      result: ${field}(input: { email: $email, password: $password }) { accessToken refreshToken expiresIn }
    }`,
    undefined,
    input,
  );
  const token = (data?.result as { accessToken?: string } | undefined)?.accessToken;
  assertThat(typeof token === 'string', `${field} gave no access token: ${JSON.stringify(errors)}`);
  return token;
}

/** A wrong password changes nothing; the right one renews `auth_time` of the same session. */
async function proveAgain(client: SmokeClient, token: string, password: string): Promise<string> {
  const prove = (guess: string) =>
    client.query(
      'mutation Prove($password: String!) { reauthenticate(input: { password: $password }) { accessToken } }',
      token,
      { password: guess },
    );
  const { data, errors } = await prove('this is not the password');
  assertThat(
    data?.reauthenticate == null && errors?.[0]?.extensions?.reason === 'input.password',
    `a wrong password: ${JSON.stringify(errors)}`,
  );
  const { reauthenticate } = assertData(await prove(password));
  const [before, after] = [token, (reauthenticate as { accessToken: string }).accessToken].map(readClaims);
  assertThat(after?.sid === before?.sid, 'it is another session');
  assertThat(Number(after?.auth_time) >= Number(before?.auth_time), 'auth_time went back');
  return `auth_time ${before?.auth_time} → ${after?.auth_time}`;
}

function readClaims(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}

function showClaims(token: string, platform: string): string {
  const claims = readClaims(token);
  assertThat(claims.platform === platform, `the platform claim is '${claims.platform}'`);
  assertThat(claims.aud === `signet:${platform}`, `the audience is '${claims.aud}'`);
  assertThat(String(claims.iss).endsWith(`/${platform}`), `the issuer is '${claims.iss}'`);
  return JSON.stringify(claims);
}

/** At a router that words refusals in its own way: there are errors, and nothing in place of what was asked for. */
function assertRefused({ data, errors = [] }: Answer): string {
  assertThat(errors.length > 0, `expected a refusal, got ${JSON.stringify(data)}`);
  assertThat(
    Object.values(data ?? {}).every((value) => value === null),
    `it gave data: ${JSON.stringify(data)}`,
  );
  const words = errors.map(({ message, extensions }) => extensions?.reason ?? extensions?.code ?? message);
  return `by ${[...new Set(words)].join(', ')}`;
}

function assertRefusedToken(answer: Answer, reason: string): string {
  assertThat(answer.status === 401, `the status is ${answer.status}`);
  return assertRefusal(answer, 'UNAUTHENTICATED', reason);
}

/** Another signature of the same length and form. */
function tamper(token: string): string {
  const [header, payload, signature = ''] = token.split('.');
  return [header, payload, `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`].join('.');
}

async function compareKeySets(userClient: SmokeClient, portalClient: SmokeClient): Promise<string> {
  const user = await userClient.readKeys('/.well-known/jwks/user.json');
  const portal = await portalClient.readKeys('/.well-known/jwks/portal.json');
  assertThat(user.length > 0 && portal.length > 0, 'a key set is empty');
  const isSame = (a: unknown, b: unknown) => a !== undefined && a === b;
  const shared = user.filter((key) =>
    portal.some((other) => isSame(other.kid, key.kid) || isSame(other.x, key.x) || isSame(other.n, key.n)),
  );
  assertThat(shared.length === 0, 'a key is in both sets');
  assertThat(
    [...user, ...portal].every((key) => key.d === undefined),
    'a private key is published',
  );
  return `user: ${user.map((key) => key.kid).join(', ')}; portal: ${portal.map((key) => key.kid).join(', ')}`;
}

/**
 * An access token of this deployment that has expired: SMOKE_EXPIRED_TOKEN, an old one that was kept. A platform that
 * `npm start` runs on this machine can have one made, since its keys lie here.
 */
async function findExpiredToken(gatewayUrl: string, env: Context['env']): Promise<string> {
  if (env.SMOKE_EXPIRED_TOKEN) {
    return env.SMOKE_EXPIRED_TOKEN;
  }
  try {
    return await signLocalToken(env);
  } catch (error) {
    throw new Error(
      `There is no expired token of ${gatewayUrl} to try. Keep a customer's access token until it has expired and set ` +
        `SMOKE_EXPIRED_TOKEN to it. (Could not make one from the keys on this machine: ${messageOf(error).trim()})`,
    );
  }
}

async function signLocalToken(env: Context['env']): Promise<string> {
  const { env: auth, local, close } = await openOperatorEnvironment(env);
  try {
    assertThat(local?.isRunning === true, 'SIGNET_HOME: no platform runs there');
    return await signExpiredUserToken({
      databaseUrl: auth.USER_DATABASE_URL ?? '',
      keyEncryptionKeys: configFields.keys256.parse(auth.USER_KEY_ENCRYPTION_KEY),
      issuerUrl: auth.ISSUER_URL ?? '',
      logger: createLogger('expired-token', 'fatal'),
    });
  } finally {
    await close();
  }
}
