import { impersonationReasons, staffRoles } from '@signet/schema/contract';

/** What a value of a template is; it decides the type that a caller gives, and how the text is written. */
type ValueTypes = {
  /** One line of anything: shortened, and rid of what could pass for another line or address. */
  text: string;
  /** Below the platform's APP_URL: `linkTo` makes them. */
  link: string;
  email: string;
  time: Date;
  seconds: number;
  count: number;
  /** A word of `words`, written in the language of the mail. */
  word: MailWord;
  /** A list of them, in which each may stand several times. */
  words: readonly MailWord[];
};
export type ValueKind = keyof ValueTypes;

const impersonationWords = impersonationReasons.map((reason) => `impersonation_${reason}` as const);

/** Words that values are, as the file `words.json` of each language has them. A role of staff has its name in schema/contract besides. */
export const mailWords = [
  'totp',
  'passkey',
  'recovery_codes',
  'no_factors',
  ...staffRoles,
  ...impersonationWords,
] as const;
export type MailWord = (typeof mailWords)[number];

/**
 * Every mail that auth sends, with the values of its texts. Beside these each text may have `tenant`, the tenant's name. No mail has
 * a name that its recipient, or who pretends to be that, can choose: anybody could send their own words to strangers.
 */
export const mailTemplates = {
  /** To a new account, and where `requestEmailVerification` asks. */
  'verify-email': { link: 'link', validFor: 'seconds' },
  /** Somebody tried to register with the address of an account. `link`: to sign in. */
  'account-exists': { link: 'link' },
  'reset-password': { link: 'link', validFor: 'seconds' },
  /** Staff sent the customer a link to set a new password. */
  'reset-password-by-staff': { link: 'link', validFor: 'seconds' },
  /** `link`: to sign in. */
  'password-changed': { at: 'time', link: 'link' },
  /** To the new address, to confirm it. */
  'email-change': { link: 'link', validFor: 'seconds' },
  /** To the old address. `link` undoes it. */
  'email-change-notice': { email: 'email', link: 'link', validFor: 'seconds' },
  /** Staff corrected the address: to the old and the new one. */
  'email-corrected': { oldEmail: 'email', newEmail: 'email', at: 'time' },
  /** `link`: to the account's sessions. */
  'new-device': { at: 'time', device: 'text', address: 'text', link: 'link' },
  'staff-invitation': { inviter: 'text', role: 'word', link: 'link', validFor: 'seconds' },
  'factor-added': { factor: 'word', at: 'time', link: 'link' },
  'factor-removed': { factor: 'word', at: 'time', link: 'link' },
  /** `provider`: what the operator calls the identity provider. */
  'identity-linked': { provider: 'text', at: 'time', link: 'link' },
  'identity-unlinked': { provider: 'text', at: 'time', link: 'link' },
  /** A recovery code stood in for a second factor. */
  'recovery-code-used': { left: 'count', at: 'time', link: 'link' },
  /** A copy of a passkey of the account was used, which ended the passkey. */
  'passkey-disabled': { at: 'time', link: 'link' },
  /** A member of staff resets the factors of the account; until `at` the account can object at `link`. */
  'factor-reset-pending': { at: 'time', link: 'link' },
  /** The factors of the account were reset. */
  'factor-reset': { factors: 'words', at: 'time', link: 'link' },
  /** The account will be deleted at `at`, unless somebody signs in at `link` and keeps it. */
  'account-deletion': { at: 'time', link: 'link' },
  'account-deleted': { at: 'time' },
  'export-ready': { link: 'link', at: 'time' },
  /** A member of staff acts as the customer from `at` to `until`. `link`: to the account's sessions, where the customer can object. */
  impersonation: { at: 'time', until: 'time', reason: 'word', link: 'link' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, ValueKind>>>>;

export type MailTemplate = keyof typeof mailTemplates;
export type MailValues<T extends MailTemplate> = {
  readonly [K in keyof (typeof mailTemplates)[T]]: (typeof mailTemplates)[T][K] extends ValueKind
    ? ValueTypes[(typeof mailTemplates)[T][K]]
    : never;
};

/** Values as they are sealed, all as text. */
export type StoredValues = Readonly<Record<string, string>>;

/** A value of a template as text: a date in ISO 8601, a list with commas. */
export function storeValues<T extends MailTemplate>(template: T, values: MailValues<T>): StoredValues {
  const given: Readonly<Record<string, unknown>> = values;
  return Object.fromEntries(
    Object.keys(mailTemplates[template]).map((name) => {
      const value = given[name];
      if (value === undefined) throw new TypeError(`The mail ${template} lacks the value ${name}.`);
      return [name, value instanceof Date ? value.toISOString() : String(value)];
    }),
  );
}

export function isMailTemplate(name: string): name is MailTemplate {
  return Object.hasOwn(mailTemplates, name);
}
