import { choose } from '../texts/index.ts';
import { roleMatrix } from './role-matrix.generated.ts';
import { roles as say } from './texts.ts';

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
    'refusals:read': 'see why requests were refused',
    'dashboard:read': 'see the figures of the tenant',
    'staff:write': 'invite staff, change their roles, deactivate them',
    'services:write': 'make service accounts, and give them keys',
    'keys:write': 'see, rotate and revoke signing keys',
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
    'refusals:read': 'sehen, warum Anfragen abgelehnt wurden',
    'dashboard:read': 'die Kennzahlen des Mandanten sehen',
    'staff:write': 'Personal einladen, seine Rollen ändern, es deaktivieren',
    'services:write': 'Dienstkonten anlegen und ihnen Schlüssel geben',
    'keys:write': 'Signaturschlüssel sehen, wechseln und widerrufen',
    'audit:read': 'das Prüfprotokoll lesen',
  },
});

/** In words where there are some; else by what a scope opens. */
export function describeScope(scope: string): string {
  const text = texts[scope];
  if (text) return text;
  const opened = roleMatrix.filter(({ scopes }) => scopes.flat(2).includes(scope));
  const names = opened.map(({ type, field }) => (isRoot(type) ? field : type));
  return names.length > 0 ? say.opens([...new Set(names)].join(', ')) : say.unused;
}

/** Whether a row of the matrix is an operation. */
export function isRoot(type: string): boolean {
  return type === 'Query' || type === 'Mutation';
}
