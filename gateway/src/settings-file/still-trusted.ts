import type { GatewayConfig } from '../config.ts';
import { readIssuerList } from './issuers-section.ts';
import { readSettingsFile } from './settings-file.ts';

/**
 * The issuers that are trusted and that a refused configuration file removes or changes: whoever took one out must hear that its tokens
 * still pass. None where the file says nothing that can be read about issuers.
 */
export function findStillTrusted(path: string, served: GatewayConfig): string[] {
  const file = readSettingsFile(path);
  const isUnread = file.faults.length > 0 && Object.keys(file.values).length === 0;
  const { list, faults } = readIssuerList(file, served.ISSUERS_FILE);
  if (isUnread || faults.length > 0) return [];
  const kept = new Set(list?.entries.map((entry) => JSON.stringify(entry)));
  const lost = (served.issuers?.entries ?? []).filter((entry) => !kept.has(JSON.stringify(entry)));
  return lost.map(({ issuer }) => issuer);
}
