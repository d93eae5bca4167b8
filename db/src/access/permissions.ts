import { join } from 'node:path';
import pg from 'pg';
import { migrationOwners } from '../migrate/migration-owners.ts';
import {
  databaseQuery,
  defaultsQuery,
  elsewhereQuery,
  functionsQuery,
  otherObjectsQuery,
  policiesQuery,
  rolesQuery,
  schemasQuery,
  tablesQuery,
  triggersQuery,
  viewsQuery,
} from './permission-queries.ts';

type Section = { title: string; query: string };

const sections: readonly Section[] = [
  { title: 'Roles: what they are beside the rights below', query: rolesQuery },
  { title: 'Database', query: databaseQuery },
  { title: 'Schemas', query: schemasQuery },
  { title: 'What is granted on whatever the owner makes next (default privileges)', query: defaultsQuery },
  { title: 'Tables: row security and grants', query: tablesQuery },
  { title: 'Row policies', query: policiesQuery },
  { title: 'Functions', query: functionsQuery },
  { title: 'Triggers', query: triggersQuery },
  { title: 'Views', query: viewsQuery },
  { title: 'Sequences and types', query: otherObjectsQuery },
  { title: 'Grants on, and ownership of, anything else by these roles', query: elsewhereQuery },
];

/** The files in which the rights of each are written down, in the order of the text that is printed. */
export const permissionFiles: readonly { owner: string; file: string }[] = migrationOwners.map(
  ({ name, folder }) => ({ owner: name, file: join(folder, '../permissions.txt') }),
);

/**
 * Every right in a migrated database, read from the catalogs: roles, grants, row policies, functions, triggers, views. Stable text,
 * a line for each, so that two databases can be compared: first the platform, then each subgraph that has any. Rights of an
 * object's own owner are left out.
 */
export async function describePermissions(adminUrl: string): Promise<string> {
  const client = new pg.Client({ connectionString: adminUrl, application_name: 'signet permissions' });
  client.on('error', () => {}); // A lost connection fails the statement that waits on it as well.
  await client.connect();
  try {
    return await readPermissions(client);
  } finally {
    await client.end();
  }
}

/** describePermissions, on the admin's connection, inside its transaction if there is one. */
export async function readPermissions(client: pg.ClientBase): Promise<string> {
  // Expressions are then written with every name qualified, whatever the admin's own search_path is.
  await client.query(`set search_path = ''`);
  const found: { title: string; lines: string[] }[] = [];
  for (const { title, query } of sections) {
    const { rows } = await client.query<{ line: string }>(query);
    found.push({ title, lines: rows.map(({ line }) => line).sort(byCodePoint) });
  }
  return permissionFiles.map(({ owner }) => describeOwner(owner, found)).join('');
}

/** The platform shows the sections in which it has nothing, too. */
function describeOwner(owner: string, found: readonly { title: string; lines: string[] }[]): string {
  const isPlatform = owner === 'platform';
  const texts = found
    .map(({ title, lines }) => ({ title, lines: lines.filter((line) => ownerOf(line) === owner) }))
    .filter(({ lines }) => isPlatform || lines.length > 0)
    .map(({ title, lines }) => `# ${title}\n${lines.length > 0 ? lines.join('\n') : '(none)'}\n`);
  return texts.length > 0 ? `## ${owner}\n\n${texts.join('\n')}` : '';
}

/** Who brings a right: the last, in the order of migrations, whose schema, role or table of migrations the line names. */
function ownerOf(line: string): string {
  const names = new Set(
    Array.from(line.matchAll(/\bsignet_(\w+)|^migration\.subgraph_(\w+)|^(\w+)[.:]/g), (match) =>
      match.slice(1).find((name) => name !== undefined),
    ),
  );
  return permissionFiles.findLast(({ owner }) => names.has(owner))?.owner ?? 'platform';
}

/** Not by the collation of the server, which may be another elsewhere. */
function byCodePoint(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
