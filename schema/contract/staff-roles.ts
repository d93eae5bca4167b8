type StaffRoleTexts = {
  /** What the role may do, in the schema's `enum StaffRole`. */
  description: string;
  /** What the console and mails call it. A mail's own word, in `words.json` of its language, goes first. */
  names: { en: string; de: string };
};

/**
 * The roles of staff, the lowest rank first: staff who manage staff do so up to their own rank. Add a role by adding an entry here, and its
 * name to the lines of its scopes in scopes.ts; everything else follows (CONTRIBUTING.md, "Add a staff role"). Roles that are not there
 * any more stay in the database.
 */
export const staffRoleTexts = defineRoles({
  support: {
    description:
      'Look customers up, end their sessions, write notes, and read what the scopes of the role allow.',
    names: { en: 'Support', de: 'Support' },
  },
  operations: {
    description: 'Also suspend customers, and change what the scopes of the role allow.',
    names: { en: 'Operations', de: 'Betrieb' },
  },
  super_admin: {
    description: 'Also manage staff.',
    names: { en: 'Super admin', de: 'Super-Admin' },
  },
});

export type StaffRole = keyof typeof staffRoleTexts;

/** The names are a type, the texts are not: packages would show them in theirs. */
function defineRoles<Role extends string>(texts: Readonly<Record<Role, StaffRoleTexts>>) {
  return texts;
}

/** By rank. */
export const staffRoles = Object.keys(staffRoleTexts) as readonly string[] as readonly StaffRole[];

export function isStaffRole(value: unknown): value is StaffRole {
  return staffRoles.includes(value as StaffRole);
}

/**
 * Whether the first role ranks above the second. A role that is not here, of a row that a newer or an older release wrote, ranks above
 * all but the last as the first, and below all as the second: so it can be taken away by who has the last one, and gives nothing.
 */
export function outranks(role: StaffRole, other: StaffRole): boolean {
  const rank = isStaffRole(role) ? staffRoles.indexOf(role) : staffRoles.length - 1;
  return rank > staffRoles.indexOf(other);
}

/** What people who read this language (a tag such as de-AT) call the role. */
export function nameOfStaffRole(role: StaffRole, language: string): string {
  const { names } = staffRoleTexts[role];
  return /^de\b/.test(language) ? names.de : names.en;
}
