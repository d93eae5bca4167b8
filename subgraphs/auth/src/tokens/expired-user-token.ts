import { randomUUID } from 'node:crypto';
import { openProcessDatabase } from '@signet/db';
import type { KeyList, Logger } from '@signet/service';
import type { UserAccount } from '../accounts/account.ts';
import { readActiveKey } from '../keys/sealed-key.ts';
import { createUserTokenSigner } from './access-token-signer.ts';

type ExpiredTokenOptions = {
  databaseUrl: string;
  keyEncryptionKeys: KeyList;
  issuerUrl: string;
  logger: Logger;
};

const hourMs = 3_600_000;

/**
 * A customer's access token that expired an hour ago, for an account that does not exist. For trials of a running
 * deployment: every verifier must refuse it. Signed with the platform's own key, so that only its time is wrong.
 */
export async function signExpiredUserToken({
  databaseUrl,
  keyEncryptionKeys,
  issuerUrl,
  logger,
}: ExpiredTokenOptions): Promise<string> {
  const database = openProcessDatabase(databaseUrl, {
    name: 'expired-token',
    log: logger,
    maxConnections: 1,
  });
  try {
    const active = await readActiveKey(database.db, { platform: 'user', keyEncryptionKeys });
    const issuedAt = new Date(Date.now() - 2 * hourMs);
    const nobody: UserAccount = {
      id: randomUUID(),
      email: 'nobody@example.com',
      emailVerified: false,
      fullName: '',
      passwordVersion: 1,
      deviceVersion: 1,
      isActive: false,
      mayActUnverified: false,
      wasVerified: false,
      language: null,
      createdAt: issuedAt,
    };
    return await createUserTokenSigner(issuerUrl, active)(
      {
        account: nobody,
        tenantId: randomUUID(),
        sessionId: randomUUID(),
        authTime: issuedAt,
        amr: ['pwd'],
        isVerificationWaived: false,
      },
      { issuedAt, expiresAt: new Date(issuedAt.getTime() + hourMs) },
    );
  } finally {
    await database.close();
  }
}
