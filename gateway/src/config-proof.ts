import { type Variant, variants } from '@signet/schema/supergraph-files';
import { configFields, hasProductionSurface, type SurfaceConfig } from '@signet/service';
import { z } from 'zod';
import { entranceVariable, settingOf } from './config-entrances.ts';
import { type Issues, reportFault, unlessFaulty } from './config-faults.ts';

/** What the entrances of this process sign their fetches with (docs/proof.md). */
export const proofFields = {
  PROOF: z
    .enum(['on', 'off'], 'must be on or off')
    .default('on')
    .describe(
      '`off`: the gateway signs nothing, for subgraphs that know no proof. Refused in production and with its surface unless PROOF_OFF_IN_PRODUCTION is `yes` too.',
    ),
  PROOF_OFF_IN_PRODUCTION: configFields.flag
    .default(false)
    .describe('`yes` confirms PROOF=off in production. It opens nothing by itself.'),
  REQUIRE_PROOF: configFields.flag
    .default(true)
    .describe('`no` means the same as PROOF=off. With `npm start` it also reaches the subgraphs.'),
  GRAPH_PROOF_KEY_FILE: z.string().optional().describe('Path of the proof keys of the entrance graph.'),
  USER_PROOF_KEY_FILE: z.string().optional().describe('Path of the proof keys of the entrance user.'),
  PORTAL_PROOF_KEY_FILE: z.string().optional().describe('Path of the proof keys of the entrance portal.'),
  PROOF_PEERS_FILE: z.string().optional().describe('Path of the public proof keys of all processes.'),
};

export type ProofConfig = SurfaceConfig & {
  ENTRANCES?: readonly Variant[] | undefined;
  SUPERGRAPH_FILE?: string | undefined;
} & Partial<Pick<ProofFields, 'PROOF' | 'PROOF_OFF_IN_PRODUCTION'>> &
  Omit<ProofFields, 'PROOF' | 'PROOF_OFF_IN_PRODUCTION'>;
type ProofFields = z.output<z.ZodObject<typeof proofFields>>;

/** Whether fetches are signed. */
export function requiresProof({
  PROOF,
  REQUIRE_PROOF,
}: Pick<ProofConfig, 'PROOF' | 'REQUIRE_PROOF'>): boolean {
  return PROOF !== 'off' && REQUIRE_PROOF;
}

/** The proof files of an entrance. Undefined where fetches are not signed. */
export function proofFilesOf(
  config: ProofConfig,
  entrance: string,
): { keyFile: string; peersFile: string } | undefined {
  const keyFile = settingOf<string | undefined>(config, entranceVariable(entrance, 'PROOF_KEY_FILE'));
  const { PROOF_PEERS_FILE: peersFile } = config;
  return requiresProof(config) && keyFile !== undefined && peersFile !== undefined
    ? { keyFile, peersFile }
    : undefined;
}

/** For `superRefine`: every entrance that is opened has keys to sign with. `entrances`: those of a configuration file. */
export function refineProof(config: ProofConfig, issues: Issues, entrances?: readonly string[]): void {
  if (!requiresProof(config)) {
    if (!hasProductionSurface(config) || config.PROOF_OFF_IN_PRODUCTION) return;
    const [variable, value] = config.PROOF === 'off' ? ['PROOF', 'off'] : ['REQUIRE_PROOF', 'no'];
    reportFault(
      issues,
      variable as string,
      `must not be ${value} in production, nor with its surface: subgraphs refuse every fetch that is not signed (or confirm it by PROOF_OFF_IN_PRODUCTION=yes)`,
    );
    return;
  }
  const opened =
    entrances ?? (config.SUPERGRAPH_FILE === undefined ? (config.ENTRANCES ?? variants) : ['graph']);
  for (const entrance of opened) {
    const variable = entranceVariable(entrance, 'PROOF_KEY_FILE');
    if (settingOf(config, variable) === undefined) {
      reportFault(
        issues,
        variable,
        `is not set: the entrance ${entrance} signs with it (npx signet keys proof init makes it)`,
      );
    }
  }
  if (config.PROOF_PEERS_FILE === undefined) {
    reportFault(issues, 'PROOF_PEERS_FILE', 'is not set (npx signet keys proof init makes the file)');
  }
}

export const whenProofIsRead = unlessFaulty([
  ...Object.keys(proofFields),
  'NODE_ENV',
  'SURFACE',
  'ENTRANCES',
]);
