import { choose } from '../texts/index.ts';

export const staff = choose({
  en: {
    title: 'Staff',
    members: 'Members',
    invitations: 'Invitations',
    search: 'Search by address or name',
    noneFound: (text: string) => `Nobody matches “${text}”.`,
    name: 'Name',
    email: 'E-mail',
    role: 'Role',
    state: 'State',
    active: 'Active',
    inactive: 'Deactivated',
    gone: 'There is no such member of staff in your tenant.',
    you: 'you',
  },
  de: {
    title: 'Personal',
    members: 'Mitglieder',
    invitations: 'Einladungen',
    search: 'Nach Adresse oder Name suchen',
    noneFound: (text) => `Niemand passt zu „${text}“.`,
    name: 'Name',
    email: 'E-Mail',
    role: 'Rolle',
    state: 'Status',
    active: 'Aktiv',
    inactive: 'Deaktiviert',
    gone: 'Dieses Mitglied des Personals gibt es in Ihrem Mandanten nicht.',
    you: 'Sie',
  },
});

export const member = choose({
  en: {
    actions: 'Actions',
    own: 'This is your own account. Nobody changes their own role, deactivates themselves or resets their own factors: ask another super admin.',
    ownAccount: 'Your password, factors and sessions',
    whatTheyDid: 'What they did',
    whatWasDone: 'What was done about them',
    whatRoleMay: 'What this role may',
    changeRole: 'Change the role',
    changeRoleWhat: (name: string) =>
      `${name} is signed out everywhere within a second and has the new role at the next sign-in. Open invitations that they sent and could not send any more are revoked.`,
    newRole: 'New role',
    deactivate: 'Deactivate',
    deactivateWhat: (name: string) =>
      `${name} is signed out everywhere within a second and cannot sign in until somebody reactivates them. Open invitations that they sent are revoked.`,
    servicesGoOn: (count: number) =>
      count === 1
        ? 'One service account goes on, of which they may have a copy of a key. Look at it afterwards, and revoke what they know:'
        : `${count} service accounts go on, of which they may have copies of keys. Look at them afterwards, and revoke what they know:`,
    noServices: 'No active service account is theirs.',
    takesOver: 'Who takes over their customers',
    nobodyTakesOver: 'Nobody: their customers are free',
    reactivate: 'Reactivate',
    reactivateWhat: (name: string) =>
      `${name} can sign in again, with the password and the role from before. Their customers and invitations do not come back.`,
    resetFactors: 'Reset second factors',
    resetFactorsWhat: (name: string) =>
      `All second factors and recovery codes of ${name} are removed, all sessions end, and a mail says so. Where the role needs a factor, they add one at the next sign-in. Make sure that it is really ${name} who asks.`,
    resetFactorsLater: 'For a super admin this takes effect after 24 hours, in which it can be cancelled.',
    resetDone: 'The second factors are removed.',
    resetAt: (when: string) => `The second factors go at ${when}. Until then the reset can be cancelled.`,
    cancelReset: 'Cancel a waiting reset',
    cancelResetWhat: (name: string) =>
      `If a reset of the second factors of ${name} waits, it does not happen.`,
    resetCancelled: 'The reset is cancelled.',
    noReset: 'No reset was waiting.',
    reason: 'Reason, for the audit log (a ticket’s number is best)',
    services: 'Active service accounts',
    servicesWhat:
      'They made these, or gave them a credential that still works. They go on when the member leaves.',
    noneOfServices: 'None.',
  },
  de: {
    actions: 'Aktionen',
    own: 'Das ist Ihr eigenes Konto. Niemand ändert seine eigene Rolle, deaktiviert sich selbst oder setzt seine eigenen Faktoren zurück: Bitten Sie einen anderen Super-Admin darum.',
    ownAccount: 'Ihr Passwort, Ihre Faktoren und Sitzungen',
    whatTheyDid: 'Was die Person getan hat',
    whatWasDone: 'Was sie betrifft',
    whatRoleMay: 'Was diese Rolle darf',
    changeRole: 'Rolle ändern',
    changeRoleWhat: (name) =>
      `${name} wird binnen einer Sekunde überall abgemeldet und hat die neue Rolle ab der nächsten Anmeldung. Offene Einladungen, die mit der neuen Rolle nicht mehr möglich wären, werden zurückgezogen.`,
    newRole: 'Neue Rolle',
    deactivate: 'Deaktivieren',
    deactivateWhat: (name) =>
      `${name} wird binnen einer Sekunde überall abgemeldet und kann sich nicht anmelden, bis jemand das Konto reaktiviert. Offene Einladungen von dieser Person werden zurückgezogen.`,
    servicesGoOn: (count) =>
      count === 1
        ? 'Ein Dienstkonto läuft weiter, von dem die Person einen Schlüssel haben kann. Sehen Sie es danach an, und widerrufen Sie, was sie kennt:'
        : `${count} Dienstkonten laufen weiter, von denen die Person Schlüssel haben kann. Sehen Sie sie danach an, und widerrufen Sie, was sie kennt:`,
    noServices: 'Kein aktives Dienstkonto stammt von dieser Person.',
    takesOver: 'Wer die Kunden übernimmt',
    nobodyTakesOver: 'Niemand: Die Kunden sind frei',
    reactivate: 'Reaktivieren',
    reactivateWhat: (name) =>
      `${name} kann sich wieder anmelden, mit Passwort und Rolle von vorher. Kunden und Einladungen kommen nicht zurück.`,
    resetFactors: 'Zweite Faktoren zurücksetzen',
    resetFactorsWhat: (name) =>
      `Alle zweiten Faktoren und Wiederherstellungscodes von ${name} werden entfernt, alle Sitzungen enden, und eine Mail sagt es. Wo die Rolle einen Faktor braucht, wird er bei der nächsten Anmeldung hinzugefügt. Vergewissern Sie sich, dass wirklich ${name} darum bittet.`,
    resetFactorsLater:
      'Bei einem Super-Admin geschieht das nach 24 Stunden, in denen es abgebrochen werden kann.',
    resetDone: 'Die zweiten Faktoren sind entfernt.',
    resetAt: (when) => `Die zweiten Faktoren werden am ${when} entfernt. Bis dahin lässt sich das abbrechen.`,
    cancelReset: 'Wartendes Zurücksetzen abbrechen',
    cancelResetWhat: (name) =>
      `Wenn ein Zurücksetzen der zweiten Faktoren von ${name} wartet, geschieht es nicht.`,
    resetCancelled: 'Das Zurücksetzen ist abgebrochen.',
    noReset: 'Es wartete kein Zurücksetzen.',
    reason: 'Grund, für das Prüfprotokoll (am besten die Nummer eines Tickets)',
    services: 'Aktive Dienstkonten',
    servicesWhat:
      'Die Person hat sie angelegt oder ihnen einen Nachweis gegeben, der noch gilt. Sie laufen weiter, wenn sie geht.',
    noneOfServices: 'Keine.',
  },
});

export const invitations = choose({
  en: {
    none: 'Nobody was invited yet.',
    sent: 'Sent',
    by: 'By',
    operator: 'an operator',
    until: 'Good until',
    OPEN: 'Open',
    EXPIRED: 'Expired',
    ACCEPTED: 'Accepted',
    REVOKED: 'Revoked',
    invite: 'Invite',
    inviteWhat:
      'A mail with a link goes to this address. Whoever opens it chooses a password and has the account. The link is good for seven days, and as long as you may invite to this role.',
    language: 'Language of the mail',
    tenantsLanguage: 'The tenant’s',
    english: 'English',
    german: 'German',
    resend: 'Send again',
    resendWhat: (email: string) =>
      `${email} gets a new link, which is good for seven days. The link from before is worth nothing. The invitation is yours from then on.`,
    revoke: 'Revoke',
    revokeWhat: (email: string) => `The link that ${email} got is worth nothing from now on.`,
    noMail:
      'No mail is configured (MAIL_URL), so nobody can be invited from here. An operator can make an account with: npx signet db create-staff',
    acts: 'Actions',
  },
  de: {
    none: 'Noch wurde niemand eingeladen.',
    sent: 'Gesendet',
    by: 'Von',
    operator: 'dem Betrieb',
    until: 'Gilt bis',
    OPEN: 'Offen',
    EXPIRED: 'Abgelaufen',
    ACCEPTED: 'Angenommen',
    REVOKED: 'Zurückgezogen',
    invite: 'Einladen',
    inviteWhat:
      'Eine Mail mit einem Link geht an diese Adresse. Wer ihn öffnet, wählt ein Passwort und hat das Konto. Der Link gilt sieben Tage, und solange Sie zu dieser Rolle einladen dürfen.',
    language: 'Sprache der Mail',
    tenantsLanguage: 'Die des Mandanten',
    english: 'Englisch',
    german: 'Deutsch',
    resend: 'Erneut senden',
    resendWhat: (email) =>
      `${email} bekommt einen neuen Link, der sieben Tage gilt. Der frühere Link ist nichts mehr wert. Die Einladung ist von da an Ihre.`,
    revoke: 'Zurückziehen',
    revokeWhat: (email) => `Der Link, den ${email} bekommen hat, ist ab jetzt nichts mehr wert.`,
    noMail:
      'Es ist keine Mail eingerichtet (MAIL_URL), daher kann von hier niemand eingeladen werden. Ein Konto legt der Betrieb an mit: npx signet db create-staff',
    acts: 'Aktionen',
  },
});
