import {
  findRevocationFaults,
  type RevocationConfig,
  revocationConfigFields,
} from './revocations/open-revocation-feed.ts';
import { findIssuerFaults, type IssuerConfig, issuerConfigFields } from './trusted-issuers.ts';

/** Variables of every process that verifies tokens and is no issuer itself. */
export const verifierConfigFields = { ...issuerConfigFields, ...revocationConfigFields };

export type VerifierConfig = IssuerConfig & RevocationConfig;

/** When to look: beside any other fault, so that all are told at once, but not before these variables are readable. */
export const whenVerifierConfigIsRead = {
  when: ({ issues }: { issues: readonly { path?: PropertyKey[] | undefined }[] }) =>
    issues.every(({ path }) => !readVariables.has(String(path?.[0]))),
};
const readVariables = new Set([...Object.keys(verifierConfigFields), 'NODE_ENV']);

type Issues = { addIssue(issue: { code: 'custom'; path: string[]; message: string }): void };

/** For `superRefine`: reports each fault between those variables under the variable to change. */
export function refineVerifierConfig(config: VerifierConfig, issues: Issues): void {
  for (const { variable, fault } of [...findIssuerFaults(config), ...findRevocationFaults(config)]) {
    issues.addIssue({ code: 'custom', path: [variable], message: fault });
  }
}
