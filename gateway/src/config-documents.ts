import { variants } from '@signet/schema/supergraph-files';
import { configFields } from '@signet/service';
import { z } from 'zod';
import { entranceVariable, settingOf } from './config-entrances.ts';
import { type Issues, reportFault, unlessFaulty } from './config-faults.ts';

/**
 * `off`: any document runs. `log`: any document runs, and the log names those that are not listed. `enforce`: only listed
 * documents run.
 */
const trustedDocumentsModes = ['off', 'log', 'enforce'] as const;
export type TrustedDocumentsMode = (typeof trustedDocumentsModes)[number];

export const trustedDocumentsMode = z
  .enum(trustedDocumentsModes, `must be one of ${trustedDocumentsModes.join(', ')}`)
  .default('off');
const paths = configFields.list.default([]);

/** Each entrance has its own mode and its own manifests (files and folders), since it has its own clients. */
export const trustedDocumentsFields = {
  GRAPH_TRUSTED_DOCUMENTS: trustedDocumentsMode.describe(
    'Which operations the entrance graph runs: `off` and `log` any, `enforce` only those that are listed. `log` writes down what is not listed.',
  ),
  GRAPH_TRUSTED_DOCUMENTS_FILES: paths.describe(
    'Manifests of the entrance graph: files and folders, separated by commas.',
  ),
  USER_TRUSTED_DOCUMENTS: trustedDocumentsMode.describe('The same for the entrance user.'),
  USER_TRUSTED_DOCUMENTS_FILES: paths.describe('Manifests of the entrance user.'),
  PORTAL_TRUSTED_DOCUMENTS: trustedDocumentsMode.describe('The same for the entrance portal.'),
  PORTAL_TRUSTED_DOCUMENTS_FILES: paths.describe('Manifests of the entrance portal.'),
};

/** For `superRefine`: a mode that compares documents needs manifests to compare with. */
export function refineTrustedDocuments(
  config: object,
  issues: Issues,
  entrances: readonly string[] = variants,
): void {
  for (const name of entrances) {
    const { mode, paths, modeVariable, pathsVariable } = trustedDocumentsOf(config, name);
    if (mode !== 'off' && paths.length === 0) {
      reportFault(
        issues,
        pathsVariable,
        `must name the manifests that ${modeVariable}=${mode} compares with`,
      );
    }
  }
}

export const whenTrustedDocumentsAreRead = unlessFaulty(Object.keys(trustedDocumentsFields));

/** The settings of one entrance, and the names of their variables for messages to the operator. */
export function trustedDocumentsOf(config: object, entrance: string) {
  const modeVariable = entranceVariable(entrance, 'TRUSTED_DOCUMENTS');
  const pathsVariable = entranceVariable(entrance, 'TRUSTED_DOCUMENTS_FILES');
  return {
    mode: settingOf<TrustedDocumentsMode>(config, modeVariable),
    paths: settingOf<readonly string[]>(config, pathsVariable),
    modeVariable,
    pathsVariable,
  };
}
