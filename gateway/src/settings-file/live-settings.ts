import type { GatewayConfig } from '../config.ts';
import { entranceVariable, settingOf } from '../config-entrances.ts';
import { ownPlatforms, verifiedPlatforms } from '../config-graph.ts';
import { limitFields } from '../config-limits.ts';
import { proofFields } from '../config-proof.ts';

/** What a running gateway takes over from a changed file. Everything else is fixed when a port is opened, and needs a restart. */
const liveVariables: ReadonlySet<string> = new Set([
  'SUPERGRAPH_FILE',
  'SUBGRAPH_URLS',
  'UNMERGED_SUBGRAPHS',
  'ACCESS',
  'ACCESS_OFF_IN_PRODUCTION',
  'DEFAULT_ACCESS',
  'POLICIES',
  'ACCESS_DRY_RUN',
  'ACCESS_DRY_RUN_IN_PRODUCTION',
  'REQUEST_TIMEOUT_MS',
  'INTROSPECTION',
  'CORS_ORIGINS',
  'CORS_ALLOWED_HEADERS',
  'SESSION_COOKIES',
  'TENANT_HOSTS',
  ...Object.keys(limitFields),
  ...Object.keys(proofFields),
]);

/** The same of each entrance. */
const liveEntranceSettings = [
  'SUPERGRAPH_FILE',
  'CORS_ORIGINS',
  'TRUSTED_DOCUMENTS',
  'TRUSTED_DOCUMENTS_FILES',
  'PROOF_KEY_FILE',
];

export type SettingsChange = {
  /** Places of what differs. */
  changed: readonly string[];
  /** Places of what needs a restart. With one of them nothing of the file may be served: only as a whole was it checked. */
  fixed: readonly string[];
  /** Whether the issuers are others. */
  isIssuerChange: boolean;
};

/** Compares the configuration that is served with one that was just read. */
export function compareSettings(served: GatewayConfig, read: GatewayConfig): SettingsChange {
  const placeOf = read.placeOf ?? ((variable: string) => variable);
  const names = read.entranceNames ?? ['graph'];
  // The key sets of our own issuers are served by paths that are opened with the port.
  const hasOwnIssuers = ownPlatforms(read).length > 0;
  const ofEntrances = hasOwnIssuers ? liveEntranceSettings : [...liveEntranceSettings, 'PLATFORMS'];
  const live = new Set([
    ...liveVariables,
    ...names.flatMap((name) => ofEntrances.map((setting) => entranceVariable(name, setting))),
  ]);
  const changed = differences(served, read);
  const isIssuerChange = differs(served.issuers?.entries, read.issuers?.entries);
  const fixed = [
    ...changed.filter((variable) => !live.has(variable)).map(placeOf),
    ...(differs(served.entranceNames, read.entranceNames) ? ['entrances: their names'] : []),
    ...(hasOwnIssuers && differs(verifiedPlatforms(served), verifiedPlatforms(read))
      ? ['issuers: the platforms that entrances admit by them']
      : []),
  ];
  return {
    fixed,
    isIssuerChange,
    changed: [
      ...changed.filter((variable) => live.has(variable)).map(placeOf),
      ...(isIssuerChange ? ['issuers'] : []),
      ...fixed,
    ],
  };
}

/** The variables whose values differ. Those of an entrance that one of the two does not have are not among them. */
function differences(a: GatewayConfig, b: GatewayConfig): string[] {
  return Object.keys(a).filter(
    (variable) =>
      /^[A-Z]/.test(variable) && variable in b && differs(settingOf(a, variable), settingOf(b, variable)),
  );
}

function differs(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) !== JSON.stringify(b);
}
