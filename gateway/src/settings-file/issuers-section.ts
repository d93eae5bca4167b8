import { dirname } from 'node:path';
import { ConfigError } from '@signet/service';
import {
  findIssuerListFaults,
  type IssuerList,
  issuerListRulesOf,
  issuersSchema,
  readIssuersFile,
} from '@signet/session/config';
import type { GatewayConfig } from '../config.ts';
import { ownPlatforms } from '../config-graph.ts';
import type { SettingsFile } from './settings-file.ts';

type Read = { list?: IssuerList; faults: readonly string[] };

/**
 * The issuers of a gateway for somebody's own graph: of the section `issuers`, or of the file that ISSUERS_FILE names. Faults between entries
 * are left to findFaultsBetween, which needs the variables.
 */
export function readIssuerList(file: SettingsFile | undefined, path: string | undefined): Read {
  if (!path) return file ? readSection(file) : { faults: [] };
  if (file?.issuers !== undefined) {
    return { faults: [`ISSUERS_FILE: is set together with ${file.placeOfField(['issuers'])}; keep one`] };
  }
  try {
    return { list: readIssuersFile(path), faults: [] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { faults: error.faults };
  }
}

function readSection(file: SettingsFile): Read {
  if (file.issuers === undefined) return { faults: [] };
  const result = issuersSchema.safeParse(file.issuers);
  if (result.success && result.data.length > 0) {
    const placeOf = (path: readonly (string | number)[]) => file.placeOfField(['issuers', ...path]);
    return { list: { entries: result.data, folder: dirname(file.path), placeOf }, faults: [] };
  }
  const issues = result.error?.issues ?? [{ path: [], message: 'is an empty list: leave the key out' }];
  return {
    faults: issues.map(({ path, message, ...issue }) => {
      const place = file.placeOfField(['issuers', ...path.map(partOf)]);
      const unknown = 'keys' in issue ? (issue.keys as string[]).join(', ') : undefined;
      return `${place}: ${unknown === undefined ? message : `has no setting ${unknown}`}`;
    }),
  };
}

function partOf(part: PropertyKey): string | number {
  return typeof part === 'number' ? part : String(part);
}

/** What one issuer has in common with another, and what production wants. */
export function findFaultsBetween(list: IssuerList, config: GatewayConfig): string[] {
  const { entries, placeOf = (path) => `issuers: ${path.join('.')}` } = list;
  return findIssuerListFaults(entries, issuerListRulesOf(config, ownPlatforms(config))).map(
    ({ path, fault }) => `${placeOf(path)}: ${fault}`,
  );
}
