import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError } from '@signet/service';
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { z } from 'zod';
import type { IssuerList } from '../trusted-issuers.ts';
import { issuersSchema } from './issuers-schema.ts';

/** The settings file of a gateway has the section `issuers` among others, and each process may read the one file. */
const fileSchema = z.object({ issuers: issuersSchema });

/**
 * Reads the section `issuers` of the file that ISSUERS_FILE names, YAML or JSON. Other sections are for others to read.
 *
 * @returns an empty list without a path.
 * @throws {ConfigError} with all faults, each with file, line, column and field. Never with a value of the file.
 */
export function readIssuersFile(path: string | undefined): IssuerList {
  if (path === undefined) return { entries: [], folder: '' };
  const lines = new LineCounter();
  const document = parseDocument(readText(path), {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
  });
  const placeOf = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0) {
    throw new ConfigError(broken.map(({ pos, message }) => `${placeOf(pos[0])}: ${message.split('\n')[0]}`));
  }
  const { data, error } = fileSchema.safeParse(toPlain(path, document));
  const root = document.contents as Node | null;
  const nameOf = (field: readonly PropertyKey[]) => `${placeOf(offsetOf(root, field))}: ${formatPath(field)}`;
  if (data) {
    return {
      entries: data.issuers,
      folder: dirname(path),
      placeOf: (field) => nameOf(['issuers', ...field]),
    };
  }
  throw new ConfigError(
    error.issues.map((issue) => {
      const fault =
        issue.code === 'unrecognized_keys' ? `has no setting ${issue.keys.join(', ')}` : issue.message;
      return `${nameOf(issue.path)}: ${fault}`;
    }),
  );
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError([
      `ISSUERS_FILE: can't read the file it names (${(error as NodeJS.ErrnoException).code})`,
    ]);
  }
}

function toPlain(path: string, document: ReturnType<typeof parseDocument>): unknown {
  try {
    // Aliases that multiply are refused.
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    throw new ConfigError([`${path}: repeats itself by too many aliases`]);
  }
}

/** `issuers[1].claims.role` */
function formatPath(path: readonly PropertyKey[]): string {
  const parts = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`));
  return parts.join('').slice(1) || 'the file';
}

/** Where the field begins, or the innermost one around it that is there. */
function offsetOf(root: Node | null, path: readonly PropertyKey[]): number {
  let node = root;
  let offset = node?.range?.[0] ?? 0;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === part);
      if (!pair) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value as Node | null;
    } else if (isSeq(node)) {
      node = (node.items[Number(part)] as Node | undefined) ?? null;
      offset = node?.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}
