import type { Database } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import type { Kysely } from 'kysely';
import { findPepperFaults } from '../accounts/pepper-use.ts';
import type { AuthConfig } from '../settings.ts';
import { type Finding, note, ok, wrong } from './finding.ts';

/** The peppers that this configuration has are all that passwords and second factors need. */
export async function checkPeppers(
  db: Kysely<Database>,
  platform: Platform,
  { PASSWORD_PEPPER: peppers }: Pick<AuthConfig, 'PASSWORD_PEPPER'>,
): Promise<Finding> {
  const subject = `${platform} passwords`;
  const { lost, lostIds, earlier } = await findPepperFaults(db, platform, peppers);
  if (lost > 0) {
    return wrong(
      subject,
      `${lost} passwords, second factors or mails need a pepper that PASSWORD_PEPPER lacks: ${lostIds.join(', ')}`,
      'Give it back, on a further line of the secret: until then nobody gets in with them.',
    );
  }
  return earlier > 0
    ? note(
        subject,
        `${earlier} passwords, second factors or mails have an earlier pepper still; it must stay until none has`,
      )
    : ok(subject, 'all that have a pepper have the one in use');
}
