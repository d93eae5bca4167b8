import { sign } from 'node:crypto';
import type { Attestation, MadeCredential } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestAuth, type TestAuth, type Tokens } from '../testing/auth.test-support.ts';
import { createSelfSigned } from '../testing/certificate.test-support.ts';
import { mailSettings, readMails } from '../testing/mails.test-support.ts';
import {
  appOrigins,
  passkeyOperations,
  passkeySettings,
  reasonOf,
} from '../testing/passkeys.test-support.ts';
import { bothPlatforms } from '../testing/session-operations.test-support.ts';

let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth({ ...mailSettings, ...passkeySettings });
});
afterAll(() => auth.stop());

/** What an old security key says when it is asked (WebAuthn Level 3, section 8.6), under a certificate of its own. */
function attestAsU2f({ id, key, authData, clientDataHash }: MadeCredential): Attestation {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  const point = [Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')];
  const signed = Buffer.concat([Buffer.of(0), authData.subarray(0, 32), clientDataHash, id, ...point]);
  const { cert, key: certificateKey } = createSelfSigned();
  const bytes = Buffer.from(cert.replaceAll(/-----.*?-----|\s/g, ''), 'base64');
  const attStmt: Attestation['attStmt'] = new Map();
  attStmt.set('sig', sign('sha256', signed, certificateKey)).set('x5c', [bytes]);
  return { fmt: 'fido-u2f', attStmt };
}

function attestAsPacked(certificates: 'none' | 'one') {
  return ({ key, authData, clientDataHash }: MadeCredential): Attestation => {
    const attStmt: Attestation['attStmt'] = new Map();
    attStmt.set('alg', -7).set('sig', sign('sha256', Buffer.concat([authData, clientDataHash]), key));
    if (certificates === 'one') attStmt.set('x5c', [Buffer.alloc(200)]);
    return { fmt: 'packed', attStmt };
  };
}

const format = (fmt: string) => () => ({ fmt, attStmt: new Map() });

describe.each(bothPlatforms)('$platform: a new passkey', ({ platform, addAccount }) => {
  const act = passkeyOperations(() => auth, platform);
  const add = () => addAccount(auth.database, { tenantId: auth.tenants.demo });
  const signIn = async () => ((await act.signIn(await add())).tokens as Tokens).accessToken;

  it('is told to its owner by mail, and so are its removal and its copy', async () => {
    const account = await add();
    const { authenticator, id, token, recoveryCodes } = await act.addPasskey(account);
    const second = act.createAuthenticator().create(await act.beginRegistration(token));
    const { body } = await act.finishRegistration(token, second, 'x'.repeat(100));
    expect(body.errors).toBeUndefined();
    expect(reasonOf(await act.remove(token, body.data[act.fields.finishRegistration].passkey.id))).toBe(
      undefined,
    );
    const copy = authenticator.copy();
    await act.signInWith(authenticator);
    await act.signInWith(copy);
    const challenge = await act.challengeOf(account);
    const { tokens } = await act.complete(challenge.id, { recoveryCode: recoveryCodes[0] as string });
    expect(reasonOf(await act.remove((tokens as Tokens).accessToken, id))).toBe(undefined);
    const mails = await readMails(auth, platform, account.email);
    expect(
      mails.map(({ template, values }) => [template, values.factor ?? values.left]).filter(([t]) => t),
    ).toEqual([
      ['factor-added', 'passkey'],
      ['factor-added', 'passkey'],
      ['factor-removed', 'passkey'],
      ['passkey-disabled', undefined],
      ['recovery-code-used', '9'],
      ['factor-removed', 'passkey'],
    ]);
    for (const { accountId, values } of mails) {
      expect(accountId).toBe(account.id);
      expect(values.link).toBe(`${appOrigins[platform]}/account`);
    }
  });

  it('is refused when it comes with a certificate, however right: none is asked for, and none is looked at', async () => {
    const token = await signIn();
    for (const attest of [
      attestAsU2f,
      attestAsPacked('one'),
      format('tpm'),
      format('android-key'),
      format('android-safetynet'),
      format('apple'),
      format('compound'),
      format('unheard-of'),
      format(''),
    ]) {
      const made = act.createAuthenticator({ attest }).create(await act.beginRegistration(token));
      const { body } = await act.finishRegistration(token, made);
      const [{ message, extensions } = { message: '', extensions: { reason: '' } }] = body.errors ?? [];
      expect([extensions.reason, message]).toEqual([
        'input.passkey',
        'Send no attestation: none was asked for.',
      ]);
    }
    expect(await act.list(token)).toEqual([]);
  });

  it('may vouch for itself, and its signature must be right then', async () => {
    const token = await signIn();
    const authenticator = act.createAuthenticator({ attest: attestAsPacked('none') });
    const made = authenticator.create(await act.beginRegistration(token));
    expect((await act.finishRegistration(token, made)).body.errors).toBeUndefined();
    expect((await act.signInWith(authenticator)).tokens).toBeDefined();
    const liar = act.createAuthenticator({
      attest: (made: MadeCredential) => attestAsPacked('none')({ ...made, clientDataHash: Buffer.alloc(32) }),
    });
    const lie = liar.create(await act.beginRegistration(token));
    expect(reasonOf(await act.finishRegistration(token, lie))).toBe('input.passkey');
    expect(await act.list(token)).toHaveLength(1);
  });

  it('has room beside nineteen others, and none beside twenty: of five at once exactly one is added', async () => {
    const account = await add();
    const { id, token } = await act.addPasskey(account);
    await auth.database.query(
      `insert into auth.${platform}_passkey
         (tenant_id, account_id, credential_id, public_key, sign_count, transports, device_type, is_backed_up, aaguid, name)
       select tenant_id, account_id, sha256(n::text::bytea || credential_id), public_key, 0, transports, device_type,
         is_backed_up, aaguid, 'Key ' || n
       from auth.${platform}_passkey, generate_series(1, 18) n where id = $1`,
      [id],
    );
    const made = await Promise.all(
      Array.from({ length: 5 }, async () =>
        act.createAuthenticator().create(await act.beginRegistration(token)),
      ),
    );
    const answers = await Promise.all(made.map((passkey) => act.finishRegistration(token, passkey)));
    expect(answers.map(reasonOf).sort()).toEqual([...Array(4).fill('input.passkey'), undefined]);
    expect(await act.list(token)).toHaveLength(20);
    const begun = await auth.ask(`mutation { ${act.fields.beginRegistration} }`, {}, { token });
    expect([reasonOf(begun), begun.body.errors?.[0]?.message]).toEqual([
      'input.passkey',
      'An account has at most 20 passkeys. Remove one.',
    ]);
    // Twenty of one account keep nobody else out.
    expect((await act.addPasskey(await add())).id).toBeDefined();
  });
});
