import type { Texts } from './en.ts';

export const de: Texts = {
  console: 'Konsole',
  skip: 'Zum Inhalt',
  nav: {
    label: 'Bereiche',
    dashboard: 'Übersicht',
    customers: 'Kunden',
    staff: 'Personal',
    roles: 'Rollen',
    services: 'Dienste',
    keys: 'Schlüssel',
    refusals: 'Abgelehnt',
    audit: 'Prüfprotokoll',
  },
  session: {
    signIn: 'Anmelden',
    email: 'E-Mail',
    password: 'Passwort',
    withPasskey: 'Mit Passkey anmelden',
    signOut: 'Abmelden',
    signedInAs: (email) => `Angemeldet als ${email}`,
    ended: 'Ihre Sitzung ist zu Ende. Melden Sie sich an, um hier weiterzumachen.',
    endedElsewhere:
      'Ihre Sitzung wurde hier oder anderswo beendet. Melden Sie sich an, um hier weiterzumachen.',
    offline: 'Sie sind offline. Was Sie sehen, ist vielleicht veraltet.',
    unreachable: 'Der Server ist nicht erreichbar. Neuer Versuch…',
    code: 'Code Ihrer Authenticator-App',
    recoveryCode: 'Wiederherstellungscode',
    useRecoveryCode: 'Stattdessen einen Wiederherstellungscode verwenden',
    useApp: 'Stattdessen die Authenticator-App verwenden',
    usePasskey: 'Einen Passkey verwenden',
    secondStep: 'Zweiter Schritt',
    confirm: 'Bestätigen',
    back: 'Zurück',
    enroll: 'Zweiten Faktor hinzufügen',
    enrollWhy:
      'Ihre Rolle braucht einen zweiten Faktor. Fügen Sie eine Authenticator-App oder einen Passkey hinzu, um sich anzumelden.',
    enrollScan:
      'Scannen Sie diesen Code mit Ihrer Authenticator-App, oder tippen Sie das Geheimnis ein. Geben Sie dann den Code ein, den sie zeigt.',
    secret: 'Geheimnis',
    enrollPasskey: 'Stattdessen einen Passkey hinzufügen',
    passkeyName: 'Dieser Browser',
    recoveryCodes: 'Bewahren Sie diese Wiederherstellungscodes auf',
    recoveryCodesWhy:
      'Jeder meldet Sie einmal an, wenn Sie Ihren Faktor verloren haben. Sie werden nicht noch einmal gezeigt.',
  },
  stepUp: {
    title: 'Bestätigen Sie, dass Sie es sind',
    why: 'Dafür braucht es eine frische Anmeldung.',
    cancel: 'Abbrechen',
  },
  errors: {
    credentials: 'E-Mail oder Passwort ist falsch.',
    code: 'Dieser Code ist falsch oder schon verwendet.',
    challengeOver: 'Das hat zu lange gedauert. Melden Sie sich noch einmal an.',
    throttled: (seconds) => `Zu viele Versuche. Versuchen Sie es in ${seconds} s wieder.`,
    unavailable: 'Der Dienst kann gerade nicht antworten. Versuchen Sie es gleich noch einmal.',
    network: 'Keine Verbindung. Prüfen Sie das Netz und versuchen Sie es noch einmal.',
    forbidden: 'Ihre Rolle erlaubt das nicht.',
    passkey: 'Der Passkey wurde nicht verwendet.',
    internal: 'Etwas ist schiefgegangen.',
    requestId: (id) => `Anfrage ${id}`,
    retry: 'Noch einmal versuchen',
    notFound: 'Diese Seite gibt es nicht.',
    notLoaded: 'Diese Seite konnte nicht geladen werden.',
    anotherAccount:
      'In diesem Browser hat sich jemand anderes angemeldet. Was gerade im Gang war, ist vielleicht nur zum Teil geschehen.',
    upgraded: 'Die Plattform wurde aktualisiert und kennt diese Anfrage nicht mehr. Laden Sie die Seite neu.',
  },
  upgrade: {
    isThere:
      'Die Plattform wurde aktualisiert, seit diese Seite geöffnet wurde. Was Sie getippt haben, bleibt beim Neuladen erhalten.',
    reload: 'Neu laden',
  },
  notices: {
    undo: 'Rückgängig',
    close: 'Diese Meldung schließen',
    undone: 'Rückgängig gemacht.',
  },
  table: {
    loading: 'Wird geladen…',
    more: 'Mehr wird geladen…',
    rows: (shown) => `${shown} angezeigt`,
    none: 'Hier ist nichts.',
    filters: 'Filter',
  },
};
