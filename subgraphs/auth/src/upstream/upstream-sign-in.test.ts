import { type IdentityProvider, startIdentityProvider } from '@signet/testing/identity-provider';
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { addCustomer, addStaffMember } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { factorOperations } from '../testing/factors.test-support.ts';
import { mailSettings, readMails } from '../testing/mails.test-support.ts';
import { bothPlatforms } from '../testing/session-operations.test-support.ts';
import {
  appOf,
  clientOf,
  newFrontend,
  upstreamSteps,
  writeProviders,
} from '../testing/upstream.test-support.ts';

const roles = {
  claim: 'groups',
  map: { admins: 'super_admin', operators: 'operations', helpers: 'support' },
};
const company = { domains: ['example.com'], roles } as const;

let auth: TestAuth;
let idp: IdentityProvider;
beforeAll(async () => {
  idp = await startIdentityProvider([
    clientOf('user', 'idp'),
    clientOf('user', 'globex'),
    clientOf('portal', 'idp'),
  ]);
  auth = await startTestAuth({
    ...mailSettings,
    STAFF_MFA: 'operations',
    PROVIDERS_FILE: await writeProviders([
      { name: 'idp', platform: 'user', issuer: idp.issuer, domains: ['example.com'] },
      {
        name: 'globex',
        platform: 'user',
        tenant: 'globex',
        issuer: idp.issuer,
        create: true,
        domains: 'any',
      },
      {
        name: 'idp',
        platform: 'portal',
        issuer: idp.issuer,
        create: true,
        stepUp: true,
        secondFactor: { acr: ['strong'], amr: ['hwk'] },
        ...company,
      },
    ]),
  });
});
afterAll(async () => {
  await auth.stop();
  await idp.stop();
});
afterEach(() => idp.heal());

let count = 0;
const newPerson = (more: Record<string, unknown> = {}) => {
  count += 1;
  return {
    sub: `person-${count}`,
    email: `person-${count}@example.com`,
    email_verified: true,
    name: 'Ada L.',
    ...more,
  };
};
const verify = (platform: 'user' | 'portal', id: string, isVerified = true) =>
  auth.database.query(
    `update auth.${platform === 'user' ? 'user' : 'portal_user'} set email_verified = $2 where id = $1`,
    [id, isVerified],
  );
const identitiesOf = (platform: 'user' | 'portal', accountId: string) =>
  auth.database.query(`select * from auth.${platform}_identity where account_id = $1`, [accountId]);
const auditOf = (accountId: string) =>
  auth.database.query<{ kind: string; details: Record<string, unknown>; actor_id: string | null }>(
    'select kind, details, actor_id from auth.audit_event where subject_id = $1 order by id',
    [accountId],
  );
const subjectOf = (tokens: { accessToken: string } | undefined) => decodeJwt(tokens?.accessToken ?? '').sub;

describe.each(bothPlatforms)(
  '$platform: a sign-in at a provider',
  ({ platform, addAccount, other, addOther }) => {
    const { goThrough, complete, signIn } = upstreamSteps(() => auth, platform);
    /** Somebody of the provider, and their verified account here. */
    const linkable = async (more: Record<string, unknown> = {}) => {
      const person = newPerson({ groups: ['helpers'], ...more });
      const account = await addAccount(auth.database, { tenantId: auth.tenants.demo, email: person.email });
      await verify(platform, account.id);
      return { person, account };
    };

    it('links the account with the same address, verified on both sides, and tells its owner', async () => {
      const { person, account } = await linkable();
      const { tokens } = await signIn(idp, person);
      expect(subjectOf(tokens)).toBe(account.id);
      expect(decodeJwt(tokens?.accessToken ?? '')).toMatchObject({ platform, amr: ['fed'], acr: 'aal1' });
      expect(await identitiesOf(platform, account.id)).toMatchObject([
        { provider: 'idp', issuer: idp.issuer, subject: person.sub, linked_by: 'email' },
      ]);
      expect((await readMails(auth, platform, account.email)).map(({ template }) => template)).toEqual([
        'identity-linked',
      ]);
      expect((await auditOf(account.id)).map(({ kind }) => kind)).toEqual([
        'auth.identity.linked',
        'auth.login.success',
      ]);
      // From now on the subject is what counts, and no second mail is sent.
      const moved = { ...person, email: 'elsewhere@other.example', email_verified: false };
      expect(subjectOf((await signIn(idp, moved)).tokens)).toBe(account.id);
      expect(await readMails(auth, platform, account.email)).toHaveLength(1);
    });

    it('links nothing where one side has not verified the address, or may not vouch for it', async () => {
      const { person, account } = await linkable();
      const reasonFor = async (more: Record<string, unknown>) =>
        (await signIn(idp, { ...person, ...more })).reason;
      expect(await reasonFor({ email_verified: false })).toBe('auth.failure.not_linked');
      expect(await reasonFor({ email_verified: 'true' })).toBe('auth.failure.not_linked');
      expect(await reasonFor({ email: undefined })).toBe('auth.failure.not_linked');
      const outside = await addAccount(auth.database, {
        tenantId: auth.tenants.demo,
        email: `${person.sub}@other.example`,
      });
      await verify(platform, outside.id);
      expect(await reasonFor({ email: outside.email })).toBe('auth.failure.not_linked');
      await verify(platform, account.id, false);
      expect(await reasonFor({})).toBe('auth.failure.not_linked');
      expect(await identitiesOf(platform, account.id)).toEqual([]);
      expect(await readMails(auth, platform, account.email)).toEqual([]);
    });

    it('links no second person of the provider to an account: an address can pass on', async () => {
      const { person, account } = await linkable();
      await signIn(idp, person);
      expect((await signIn(idp, { ...newPerson({ groups: ['helpers'] }), email: person.email })).reason).toBe(
        'auth.failure.not_linked',
      );
      expect(await identitiesOf(platform, account.id)).toHaveLength(1);
    });

    it('links nothing of the other platform, and nothing of another tenant', async () => {
      const person = newPerson({ groups: ['helpers'], email_verified: false });
      const there = await addOther(auth.database, { tenantId: auth.tenants.demo, email: person.email });
      await verify(other, there.id);
      const elsewhere = await addAccount(auth.database, {
        tenantId: auth.tenants.globex,
        email: person.email,
      });
      await verify(platform, elsewhere.id);
      expect((await signIn(idp, person)).reason).toBe('auth.failure.not_linked');
      expect(await identitiesOf(other, there.id)).toEqual([]);
      expect(await identitiesOf(platform, elsewhere.id)).toEqual([]);
    });

    it('keeps suspended people out', async () => {
      const { person, account } = await linkable();
      await signIn(idp, person);
      const table = platform === 'user' ? 'auth.user' : 'auth.portal_user';
      await auth.database.query(`update ${table} set is_active = false where id = $1`, [account.id]);
      const { reason, tokens } = await signIn(idp, person);
      expect([reason, tokens]).toEqual(['auth.failure.invalid_credentials', undefined]);
    });

    it('comes back with a code that is good once, for a minute, in the frontend that began', async () => {
      const { person } = await linkable();
      const { code, target, answer, frontend } = await goThrough(idp, person);
      expect(target).toBe(appOf[platform]);
      expect(answer.headers.location).toMatch(/#code=[\w-]{43}$/);
      expect((await complete(code, frontend, { tenant: 'globex' })).reason).toBe('input.code');
      const many = await Promise.all([1, 2, 3, 4, 5].map(() => complete(code, frontend)));
      expect(many.filter(({ tokens }) => tokens)).toHaveLength(1);
      expect(many.filter(({ reason }) => reason === 'input.code')).toHaveLength(4);
      expect((await complete(code, frontend)).reason).toBe('input.code');

      const second = await goThrough(idp, person);
      expect((await complete(second.code, newFrontend())).reason).toBe('input.code');
      // A wrong verifier uses the code up.
      expect((await complete(second.code, second.frontend)).reason).toBe('input.code');

      const third = await goThrough(idp, person);
      auth.clock.aheadSeconds = 61;
      expect((await complete(third.code, third.frontend)).reason).toBe('input.code');
      auth.clock.aheadSeconds = 0;
      const wrong = ['', 'x', 'x'.repeat(43)];
      for (const text of wrong) expect((await complete(text, third.frontend)).reason).toBe('input.code');
    });

    it('keeps nothing that a reader of the database could complete, or read', async () => {
      const person = newPerson();
      const { code = '', frontend } = await goThrough(idp, person);
      const rows = await auth.database.query<{ sealed_claims: Buffer }>(
        `select * from auth.${platform}_upstream_result`,
      );
      const all = rows.map((row) => JSON.stringify(row) + row.sealed_claims.toString('latin1')).join();
      for (const secret of [code, frontend.verifier, frontend.challenge, person.sub, person.email]) {
        expect(all).not.toContain(secret);
      }
    });

    it('is for the other platform nothing', async () => {
      const { person } = await linkable();
      const { code, frontend } = await goThrough(idp, person);
      expect((await upstreamSteps(() => auth, other).complete(code, frontend)).reason).toBe('input.code');
    });

    it('asks for the second factor of an account that has one', async () => {
      const { person, account } = await linkable();
      const factors = factorOperations(() => auth, platform);
      const { secret } = await factors.addTotp(account);
      const { challenge, tokens } = await signIn(idp, person);
      expect(tokens).toBeUndefined();
      expect(challenge?.methods).toContain('totp');
      const answer = await factors.complete(challenge?.id ?? '', { totp: factors.codeOf(secret) });
      const claims = decodeJwt(answer.tokens?.accessToken ?? '');
      expect(claims).toMatchObject({ amr: ['fed', 'otp', 'mfa'], acr: 'aal2' });
      // The session ends with the provider's like any other.
      const rows = await auth.database.query(
        `select upstream_subject from auth.${platform}_session where id = $1`,
        [claims.sid],
      );
      expect(rows).toEqual([{ upstream_subject: person.sub }]);
    });
  },
);

describe('the time of a sign-in', () => {
  it('counts where the entry says so, as the provider tells it', async () => {
    const before = Math.floor(Date.now() / 1000) - 3;
    const staff = upstreamSteps(() => auth, 'portal');
    const fresh = await staff.signIn(idp, newPerson({ groups: ['helpers'] }));
    expect(decodeJwt(fresh.tokens?.accessToken ?? '').auth_time).toBeGreaterThanOrEqual(before);
    idp.faults.claims = (claims) => ({ ...claims, auth_time: 1_700_000_000 });
    const old = await staff.signIn(idp, newPerson({ groups: ['helpers'] }));
    expect(decodeJwt(old.tokens?.accessToken ?? '').auth_time).toBe(1_700_000_000);
    const later = Math.floor(Date.now() / 1000) + 3600;
    idp.faults.claims = (claims) => ({ ...claims, auth_time: later });
    const early = await staff.signIn(idp, newPerson({ groups: ['helpers'] }));
    expect(decodeJwt(early.tokens?.accessToken ?? '').auth_time).toBeLessThan(later - 3000);
  });

  it('is never recent where it does not say so', async () => {
    const { tokens } = await upstreamSteps(() => auth, 'user', 'globex').signIn(
      idp,
      newPerson(),
      {},
      { tenant: 'globex' },
    );
    expect(decodeJwt(tokens?.accessToken ?? '').auth_time).toBe(0);
    const { body } = await auth.ask(
      'mutation { deleteAccount { at } }',
      {},
      { token: tokens?.accessToken ?? '' },
    );
    expect(body.errors?.[0]?.extensions.reason).toBe('authz.step_up.required');
  });
});

describe('somebody without an account', () => {
  it('gets one where the entry says so, in the tenant of the provider', async () => {
    const person = newPerson();
    const customer = upstreamSteps(() => auth, 'user', 'globex');
    const { tokens } = await customer.signIn(idp, person, {}, { tenant: 'globex' });
    const [account] = await auth.database.query<Record<string, unknown>>(
      'select * from auth.user where id = $1',
      [subjectOf(tokens)],
    );
    expect(account).toMatchObject({
      tenant_id: auth.tenants.globex,
      email: person.email,
      email_verified: true,
      full_name: 'Ada L.',
    });
    expect((await auditOf(String(account?.id))).map(({ kind }) => kind)).toEqual([
      'auth.account.registered',
      'auth.identity.linked',
      'auth.login.success',
    ]);
    expect(await readMails(auth, 'user', person.email)).toEqual([]);
    expect(subjectOf((await customer.signIn(idp, person, {}, { tenant: 'globex' })).tokens)).toBe(
      account?.id,
    );
    // Where it does not say so, nobody does.
    expect((await upstreamSteps(() => auth, 'user').signIn(idp, newPerson())).reason).toBe(
      'auth.failure.not_linked',
    );
  });

  it('gets one of many attempts at once', async () => {
    const person = newPerson();
    const { goThrough, complete } = upstreamSteps(() => auth, 'user', 'globex');
    const begun = [];
    for (let tab = 0; tab < 4; tab += 1) begun.push(await goThrough(idp, person));
    const done = await Promise.all(
      begun.map(({ code, frontend }) => complete(code, frontend, { tenant: 'globex' })),
    );
    expect(new Set(done.map(({ tokens }) => subjectOf(tokens))).size).toBe(1);
  });

  it('takes over no account that waits unverified under the address', async () => {
    const person = newPerson();
    const waiting = await addCustomer(auth.database, { tenantId: auth.tenants.globex, email: person.email });
    const { reason } = await upstreamSteps(() => auth, 'user', 'globex').signIn(
      idp,
      person,
      {},
      { tenant: 'globex' },
    );
    expect(reason).toBe('auth.failure.not_linked');
    expect(await identitiesOf('user', waiting.id)).toEqual([]);
  });
});

describe('the role of staff', () => {
  const staff = upstreamSteps(() => auth, 'portal');
  const rowOf = async (id: string | undefined) =>
    (
      await auth.database.query<{ role: string; email: string }>(
        'select role, email from auth.portal_user where id = $1',
        [id],
      )
    )[0];

  it('is that of the first group in the list, at each sign-in, and a change ends the sessions', async () => {
    const person = newPerson({ groups: ['helpers', 'others'] });
    const first = (await staff.signIn(idp, person)).tokens;
    const id = subjectOf(first);
    expect(decodeJwt(first?.accessToken ?? '')).toMatchObject({ role: 'support' });
    const second = (await staff.signIn(idp, { ...person, groups: ['helpers', 'admins'] })).tokens;
    expect(decodeJwt(second?.accessToken ?? '')).toMatchObject({ role: 'super_admin', sub: id });
    const lowered = (await staff.signIn(idp, { ...person, groups: 'helpers' })).tokens;
    expect(decodeJwt(lowered?.accessToken ?? '')).toMatchObject({ role: 'support' });
    const ended = await auth.database.query<{ id: string; end_reason: string | null }>(
      'select id, end_reason from auth.portal_session where staff_id = $1 order by created_at',
      [id],
    );
    expect(ended.map(({ end_reason }) => end_reason)).toEqual(['role', 'role', null]);
    const changes = (await auditOf(id ?? '')).filter(({ kind }) => kind === 'authz.role.changed');
    expect(changes).toMatchObject([
      { details: { from: 'support', to: 'super_admin', provider: 'idp' }, actor_id: null },
      { details: { from: 'super_admin', to: 'support', provider: 'idp' }, actor_id: null },
    ]);
  });

  it('is never that of a result from before the last decision about it', async () => {
    const person = newPerson({ groups: ['helpers'] });
    const id = subjectOf((await staff.signIn(idp, person)).tokens);
    const strong = { ...person, groups: ['admins'], acr: 'strong' };
    const refused = async ({ code, frontend }: Awaited<ReturnType<typeof staff.goThrough>>) => {
      const { tokens, reason } = await staff.complete(code, frontend);
      expect([tokens, reason]).toEqual([undefined, 'input.code']);
    };
    // The provider says meanwhile what it said before, and then that there is no role.
    const beforeSame = await staff.goThrough(idp, strong);
    await staff.signIn(idp, person);
    await refused(beforeSame);
    expect(await rowOf(id)).toMatchObject({ role: 'support' });
    const beforeNone = await staff.goThrough(idp, person);
    expect((await staff.signIn(idp, { ...person, groups: [] })).reason).toBe('authz.role.deny');
    await refused(beforeNone);
    // An administrator takes the role away.
    expect((await staff.signIn(idp, strong)).tokens).toBeDefined();
    const beforeDemotion = await staff.goThrough(idp, strong);
    await auth.database.query(`update auth.portal_user set role = 'operations' where id = $1`, [id]);
    await refused(beforeDemotion);
    expect(await rowOf(id)).toMatchObject({ role: 'operations' });
    expect((await staff.signIn(idp, strong)).tokens).toBeDefined();
    expect(await rowOf(id)).toMatchObject({ role: 'super_admin' });
  });

  it('is refused with its sessions ended to somebody who has none left', async () => {
    const person = newPerson({ groups: ['helpers'] });
    const id = subjectOf((await staff.signIn(idp, person)).tokens);
    // Begun before, with a second factor to come.
    await auth.database.query(
      `insert into auth.portal_challenge (id_hash, tenant_id, account_id, methods, password_version, expires_at)
       values (sha256($3), $2, $1, '{totp}', 1, now() + interval '5 minutes')`,
      [id, auth.tenants.demo, Buffer.from('challenge')],
    );
    for (const groups of [[], ['others'], undefined, { helpers: true }, [['helpers']]]) {
      const { reason, tokens } = await staff.signIn(idp, { ...person, groups });
      expect([reason, tokens]).toEqual(['authz.role.deny', undefined]);
    }
    const live = await auth.database.query(
      'select from auth.portal_session where staff_id = $1 and ended_at is null',
      [id],
    );
    expect(live).toHaveLength(0);
    const challenges = 'select from auth.portal_challenge where account_id = $1';
    expect(await auth.database.query(challenges, [id])).toHaveLength(0);
    expect(await rowOf(id)).toMatchObject({ role: 'support' });
  });

  it('makes no account and no link for somebody without one', async () => {
    const stranger = newPerson({ groups: [] });
    expect((await staff.signIn(idp, stranger)).reason).toBe('auth.failure.not_linked');
    const member = await addStaffMember(auth.database, {
      tenantId: auth.tenants.demo,
      email: stranger.email,
    });
    await verify('portal', member.id);
    expect((await staff.signIn(idp, stranger)).reason).toBe('auth.failure.not_linked');
    expect(await identitiesOf('portal', member.id)).toEqual([]);
  });
});

describe('a second factor that the role asks for', () => {
  const staff = upstreamSteps(() => auth, 'portal');

  it('is asked for here, unless the provider says in the configured way that it did', async () => {
    const here = await staff.signIn(
      idp,
      newPerson({ groups: ['operators'], acr: 'weak', amr: ['pwd', 'otp'] }),
    );
    expect(here.challenge?.methods).toEqual(['enroll_totp', 'enroll_passkey']);
    for (const proof of [{ acr: 'strong' }, { amr: ['pwd', 'hwk'] }]) {
      const { tokens } = await staff.signIn(idp, newPerson({ groups: ['operators'], ...proof }));
      expect(decodeJwt(tokens?.accessToken ?? '')).toMatchObject({ amr: ['fed', 'mfa'], acr: 'aal2' });
    }
  });

  it('is added by the challenge, and the session is the provider’s still', async () => {
    const person = newPerson({ groups: ['operators'] });
    const { challenge } = await staff.signIn(idp, person);
    const begun = await auth.ask(
      'mutation ($challenge: String!) { beginPortalTotpEnrollment(challenge: $challenge) { secret } }',
      { challenge: challenge?.id },
    );
    const code = factorOperations(() => auth, 'portal').codeOf(
      begun.body.data.beginPortalTotpEnrollment.secret,
    );
    const { body } = await auth.ask(
      `mutation ($input: ConfirmTotpEnrollmentInput!) {
        confirmPortalTotpEnrollment(input: $input) { tokens { accessToken } }
      }`,
      { input: { challenge: challenge?.id, code } },
    );
    const { accessToken } = body.data.confirmPortalTotpEnrollment.tokens;
    expect(decodeJwt(accessToken)).toMatchObject({ amr: ['fed', 'otp', 'mfa'], acr: 'aal2' });
  });
});

it('is written down where it fails, without saying who it was', async () => {
  const person = newPerson();
  await upstreamSteps(() => auth, 'user').signIn(idp, person);
  const [row] = await auth.database.query<{ details: object; subject_id: null }>(
    `select details, subject_id from auth.audit_event where kind = 'auth.login.failure' and platform = 'user' order by id desc limit 1`,
  );
  expect(row).toEqual({ details: { cause: 'upstream' }, subject_id: null });
});
