import { choose } from '../texts/index.ts';

/** The scopes of the platform in words. Those of a shop's subgraphs are told by the operations that they open. */
const texts: Readonly<Record<string, string>> = choose({
  en: {
    'profile:read': 'know who the customer is',
    'customers:read': 'find customers, and see their account, sessions, factors and notes',
    'customers:write': 'suspend customers, correct their address, send password links, reset their factors',
    'customers:impersonate': 'act as a customer',
    'customers:assign': 'decide who is responsible for a customer',
    'sessions:end': 'end a customer’s sessions',
    'notes:write': 'write notes about customers',
    'dashboard:read': 'see the figures of the tenant',
    'staff:write': 'invite staff, change their roles, deactivate them',
    'services:write': 'make service accounts, and give them keys',
    'audit:read': 'read the audit log',
  },
  de: {
    'profile:read': 'wissen, wer der Kunde ist',
    'customers:read': 'Kunden finden und ihr Konto, ihre Sitzungen, Faktoren und Notizen sehen',
    'customers:write':
      'Kunden sperren, ihre Adresse berichtigen, Passwort-Links senden, ihre Faktoren zurücksetzen',
    'customers:impersonate': 'als Kunde handeln',
    'customers:assign': 'bestimmen, wer für einen Kunden zuständig ist',
    'sessions:end': 'Sitzungen eines Kunden beenden',
    'notes:write': 'Notizen zu Kunden schreiben',
    'dashboard:read': 'die Kennzahlen des Mandanten sehen',
    'staff:write': 'Personal einladen, seine Rollen ändern, es deaktivieren',
    'services:write': 'Dienstkonten anlegen und ihnen Schlüssel geben',
    'audit:read': 'das Prüfprotokoll lesen',
  },
});

export function describeScope(scope: string): string | undefined {
  return texts[scope];
}
