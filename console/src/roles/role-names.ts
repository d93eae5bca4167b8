import { choose } from '../texts/index.ts';

const names: Readonly<Record<string, string>> = choose({
  en: { support: 'Support', operations: 'Operations', super_admin: 'Super admin' },
  de: { support: 'Support', operations: 'Betrieb', super_admin: 'Super-Admin' },
});

/** What a role is called; its own name where no language has one. */
export function nameOfRole(role: string): string {
  return names[role] ?? role;
}
