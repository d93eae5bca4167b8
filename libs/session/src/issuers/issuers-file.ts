import { dirname } from 'node:path';
import { ConfigError } from '@signet/service';
import { z } from 'zod';
import type { IssuerList } from '../trusted-issuers.ts';
import { issuersSchema } from './issuers-schema.ts';
import { parseYamlFile, readConfigText, type YamlFile } from './yaml-file.ts';

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
  const text = readConfigText(path);
  if (typeof text !== 'string') throw new ConfigError([`ISSUERS_FILE: names a file that ${text.fault}`]);
  const file = parseYamlFile(path, text);
  if ('faults' in file) throw new ConfigError(file.faults);
  const { data, error } = fileSchema.safeParse(toPlain(path, file));
  if (data) {
    return {
      entries: data.issuers,
      folder: dirname(path),
      placeOf: (field) => file.placeOf(['issuers', ...field]),
    };
  }
  throw new ConfigError(
    error.issues.map((issue) => {
      const fault =
        issue.code === 'unrecognized_keys' ? `has no setting ${issue.keys.join(', ')}` : issue.message;
      const field = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
      return `${file.placeOf(field)}${field.length === 0 ? ': the file' : ''}: ${fault}`;
    }),
  );
}

function toPlain(path: string, file: YamlFile): unknown {
  try {
    return file.toPlain();
  } catch {
    throw new ConfigError([`${path}: repeats itself by too many aliases`]);
  }
}
