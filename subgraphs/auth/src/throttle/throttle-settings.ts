import { configFields } from '@signet/service';
import { z } from 'zod';

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** How many of something. */
export const countField = z
  .string()
  .regex(/^[1-9]\d{0,8}$/, 'must be a whole number from 1 to 999999999')
  .transform(Number);

/** Limits of sign-in. Failures count; an attempt that succeeds is subtracted again. */
export const throttleFields = {
  THROTTLE_WINDOW_SECONDS: configFields.seconds
    .default(hour)
    .describe('How long failures count, from the first one on.'),
  THROTTLE_PAIR_FAILURES: countField
    .default(5)
    .describe('Failures for one account from one client address until pauses begin.'),
  THROTTLE_ACCOUNT_FAILURES: countField
    .default(50)
    .describe(
      'Failures for one account of all networks from which nobody has signed in to it yet, apart for their first attempts, their second and third, and all later ones.',
    ),
  THROTTLE_ADDRESS_FAILURES: countField
    .default(100)
    .describe(
      'Failures from one client address for all accounts. Offices and providers put many people behind one.',
    ),
  THROTTLE_REGISTRATIONS: countField
    .default(20)
    .describe('New accounts from one client address, successful or not.'),
  THROTTLE_MAIL_REQUESTS: countField
    .default(20)
    .describe('Mails that one client address may ask for: links to reset a password.'),
  THROTTLE_MAILS: countField
    .default(5)
    .describe(
      'Mails with links that go to one mailbox until pauses begin: to verify, to reset, to confirm. What is asked for in a pause is answered as always, and not sent.',
    ),
  THROTTLE_MAX_DELAY_SECONDS: configFields.seconds.default(5 * minute).describe('The longest pause.'),
  THROTTLE_SHARED_DELAY_SECONDS: configFields.seconds
    .default(minute)
    .describe(
      'The longest pause of the counters that strangers can fill: an account as a whole, an address as a whole.',
    ),
  THROTTLE_FACTOR_DELAY_SECONDS: configFields.seconds
    .default(hour)
    .describe(
      'The longest pause after wrong second factors of an account, by somebody who has its password. They count for a day.',
    ),
  THROTTLE_NEWCOMER_DELAY_SECONDS: configFields.seconds
    .default(20)
    .describe(
      'The longest pause of an account for the first three attempts of a network. A new device waits this long at most for each network that came to the account before it within the hour, beyond THROTTLE_ACCOUNT_FAILURES.',
    ),
  THROTTLE_KNOWN_DEVICE_SECONDS: configFields.seconds
    .default(180 * day)
    .describe('How long a device stays known for an account after a sign-in there (device tokens).'),
  THROTTLE_KNOWN_ADDRESS_SECONDS: configFields.seconds
    .default(30 * day)
    .describe(
      'How long an address from which somebody signed in to an account stays known for that account.',
    ),
  THROTTLE_MAX_ROWS: countField
    .default(200_000)
    .describe(
      'Counters that are kept; beyond this number those with the fewest failures are deleted, and never a pause that runs. 200,000 take some 50 MB.',
    ),
};

export type ThrottleConfig = z.output<z.ZodObject<typeof throttleFields>>;
