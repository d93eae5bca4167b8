import { choose } from '../texts/index.ts';
import { roleNames } from './role-matrix.generated.ts';

const names: Readonly<Record<string, string>> = choose(roleNames);

/** What a role is called; its own name where the console was built without it. */
export function nameOfRole(role: string): string {
  return names[role] ?? role;
}
