import { variants } from '@signet/schema/supergraph-files';
import { configFields } from '@signet/service';
import { z } from 'zod';

/** `off`: any document runs. `log`: too, and what is not listed is told of in the log. `enforce`: only what is listed runs. */
const trustedDocumentsModes = ['off', 'log', 'enforce'] as const;
export type TrustedDocumentsMode = (typeof trustedDocumentsModes)[number];

const mode = z
  .enum(trustedDocumentsModes, `must be one of ${trustedDocumentsModes.join(', ')}`)
  .default('off');
const paths = configFields.list.default([]);

/** For each entrance its own, since each has its own clients: `USER_TRUSTED_DOCUMENTS`, and the manifests' files and folders. */
export const trustedDocumentsFields = {
  GRAPH_TRUSTED_DOCUMENTS: mode,
  GRAPH_TRUSTED_DOCUMENTS_FILES: paths,
  USER_TRUSTED_DOCUMENTS: mode,
  USER_TRUSTED_DOCUMENTS_FILES: paths,
  PORTAL_TRUSTED_DOCUMENTS: mode,
  PORTAL_TRUSTED_DOCUMENTS_FILES: paths,
};

/** What the second argument of `superRefine` takes: it says more than what zod found only where zod found nothing. */
export const whenTrustedDocumentsAreRead = {
  when: ({ issues }: { issues: readonly { path?: PropertyKey[] | undefined }[] }) =>
    issues.every(({ path }) => !(String(path?.[0]) in trustedDocumentsFields)),
};

type Config = {
  readonly [N in keyof typeof trustedDocumentsFields]: z.output<(typeof trustedDocumentsFields)[N]>;
};
type Issues = { addIssue(issue: { code: 'custom'; path: string[]; message: string }): void };

/** For `superRefine`: a mode that compares needs something to compare with. */
export function refineTrustedDocuments(config: Config, issues: Issues): void {
  for (const name of variants) {
    const { mode, paths, modeVariable, pathsVariable } = trustedDocumentsOf(config, name);
    if (mode !== 'off' && paths.length === 0) {
      issues.addIssue({
        code: 'custom',
        path: [pathsVariable],
        message: `must name the manifests that ${modeVariable}=${mode} compares with`,
      });
    }
  }
}

/** Of one entrance, with the names under which an operator knows them. */
export function trustedDocumentsOf(config: Config, entrance: (typeof variants)[number]) {
  const modeVariable = `${upper(entrance)}_TRUSTED_DOCUMENTS` as const;
  const pathsVariable = `${modeVariable}_FILES` as const;
  return { mode: config[modeVariable], paths: config[pathsVariable], modeVariable, pathsVariable };
}

function upper<S extends string>(text: S): Uppercase<S> {
  return text.toUpperCase() as Uppercase<S>;
}
