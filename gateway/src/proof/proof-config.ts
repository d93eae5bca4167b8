import { type Variant, variants } from '@signet/schema/supergraph-files';
import { configFields, hasProductionSurface, type SurfaceConfig } from '@signet/service';
import { z } from 'zod';

/** What the entrances of this process sign their fetches with. */
export const proofFields = {
  /** `no`: fetches are not signed, for subgraphs that ask for no proof. Outside production only. */
  REQUIRE_PROOF: configFields.flag.default(true),
  /** Paths of each entrance's own proof keys, and of everybody's public ones (docs/proof.md). */
  GRAPH_PROOF_KEY_FILE: z.string().optional(),
  USER_PROOF_KEY_FILE: z.string().optional(),
  PORTAL_PROOF_KEY_FILE: z.string().optional(),
  PROOF_PEERS_FILE: z.string().optional(),
};

const keyFileVariables = {
  graph: 'GRAPH_PROOF_KEY_FILE',
  user: 'USER_PROOF_KEY_FILE',
  portal: 'PORTAL_PROOF_KEY_FILE',
} as const satisfies Record<Variant, keyof typeof proofFields>;

export type ProofConfig = SurfaceConfig & {
  ENTRANCES?: readonly Variant[] | undefined;
} & z.output<z.ZodObject<typeof proofFields>>;

/** The files of an entrance; undefined where it need not sign. */
export function proofFilesOf(
  config: ProofConfig,
  entrance: Variant,
): { keyFile: string; peersFile: string } | undefined {
  const { [keyFileVariables[entrance]]: keyFile, PROOF_PEERS_FILE: peersFile } = config;
  return config.REQUIRE_PROOF && keyFile !== undefined && peersFile !== undefined
    ? { keyFile, peersFile }
    : undefined;
}

type Issues = { addIssue(issue: { code: 'custom'; path: string[]; message: string }): void };

/** For `superRefine`: an entrance that is opened has keys to sign with. */
export function refineProof(config: ProofConfig, issues: Issues): void {
  const report = (variable: string, message: string) =>
    issues.addIssue({ code: 'custom', path: [variable], message });
  if (!config.REQUIRE_PROOF) {
    if (hasProductionSurface(config)) {
      report(
        'REQUIRE_PROOF',
        'must not be no in production, nor with its surface: no subgraph takes in what is not signed',
      );
    }
    return;
  }
  for (const entrance of config.ENTRANCES ?? variants) {
    const variable = keyFileVariables[entrance];
    if (config[variable] === undefined) {
      report(
        variable,
        `is not set: the entrance ${entrance} signs with it (npm run keys -- proof init makes it)`,
      );
    }
  }
  if (config.PROOF_PEERS_FILE === undefined) {
    report('PROOF_PEERS_FILE', 'is not set (npm run keys -- proof init makes the file)');
  }
}

const readVariables = new Set([...Object.keys(proofFields), 'NODE_ENV', 'SURFACE', 'ENTRANCES']);

/** When to look: beside any other fault, so that all are told at once, but not before these variables are readable. */
export const whenProofIsRead = {
  when: ({ issues }: { issues: readonly { path?: PropertyKey[] | undefined }[] }) =>
    issues.every(({ path }) => !readVariables.has(String(path?.[0]))),
};
