import { configFields, hasProductionSurface, type SurfaceConfig } from '@signet/service';
import { z } from 'zod';

/** Variables of every process that takes in signed requests. */
export const proofConfigFields = {
  REQUIRE_PROOF: configFields.flag
    .default(true)
    .describe(
      '`no`: the gateway signs nothing, and subgraphs believe every caller that reaches their port. For trying things out; refused in production and with its surface.',
    ),
  PROOF_KEY_FILE: z.string().optional().describe('Path of the proof keys of this process.'),
  PROOF_PEERS_FILE: z.string().optional().describe('Path of the public proof keys of all processes.'),
};

export type ProofConfig = SurfaceConfig & {
  REQUIRE_PROOF: boolean;
  PROOF_KEY_FILE?: string | undefined;
  PROOF_PEERS_FILE?: string | undefined;
};

type ConfigFault = { variable: keyof typeof proofConfigFields; fault: string };

/** What is wrong between those variables, by the variable to change. */
export function findProofFaults(config: ProofConfig): ConfigFault[] {
  if (!config.REQUIRE_PROOF) {
    return hasProductionSurface(config)
      ? [
          {
            variable: 'REQUIRE_PROOF',
            fault: 'must not be no in production, nor with its surface: requests would need no proof',
          },
        ]
      : [];
  }
  const files = ['PROOF_KEY_FILE', 'PROOF_PEERS_FILE'] as const;
  return files
    .filter((variable) => config[variable] === undefined)
    .map((variable) => ({ variable, fault: 'is not set (npx signet keys proof init makes the files)' }));
}

type Issues = { addIssue(issue: { code: 'custom'; path: string[]; message: string }): void };

/** For `superRefine`. */
export function refineProofConfig(config: ProofConfig, issues: Issues): void {
  for (const { variable, fault } of findProofFaults(config)) {
    issues.addIssue({ code: 'custom', path: [variable], message: fault });
  }
}

const readVariables = new Set([...Object.keys(proofConfigFields), 'NODE_ENV', 'SURFACE']);

/** When to look: beside any other fault, so that all are told at once, but not before these variables are readable. */
export const whenProofConfigIsRead = {
  when: ({ issues }: { issues: readonly { path?: PropertyKey[] | undefined }[] }) =>
    issues.every(({ path }) => !readVariables.has(String(path?.[0]))),
};
