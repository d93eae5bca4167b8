import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, createLogger, loadConfig } from '@signet/service';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import {
  refineTrustedDocuments,
  trustedDocumentsFields,
  trustedDocumentsOf,
  whenTrustedDocumentsAreRead,
} from './config.ts';
import { openTrustedDocuments } from './documents/trusted-documents.ts';

const schema = z
  .object(trustedDocumentsFields)
  .superRefine(refineTrustedDocuments, whenTrustedDocumentsAreRead);
const folder = mkdtempSync(join(tmpdir(), 'documents-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('each entrance has a mode and manifests of its own; off without any', () => {
  const config = loadConfig(schema, {
    USER_TRUSTED_DOCUMENTS: 'enforce',
    USER_TRUSTED_DOCUMENTS_FILES: 'web.json, ios',
  });
  expect(trustedDocumentsOf(config, 'user')).toMatchObject({ mode: 'enforce', paths: ['web.json', 'ios'] });
  expect(trustedDocumentsOf(config, 'portal')).toMatchObject({ mode: 'off', paths: [] });
});

test.each([
  [
    { PORTAL_TRUSTED_DOCUMENTS: 'enforce' },
    'PORTAL_TRUSTED_DOCUMENTS_FILES: must name the manifests that PORTAL_TRUSTED_DOCUMENTS=enforce compares with',
  ],
  [
    { USER_TRUSTED_DOCUMENTS: 'log' },
    'USER_TRUSTED_DOCUMENTS_FILES: must name the manifests that USER_TRUSTED_DOCUMENTS=log compares with',
  ],
  [{ USER_TRUSTED_DOCUMENTS: 'yes' }, 'USER_TRUSTED_DOCUMENTS: must be one of off, log, enforce'],
])('%j is refused with its fault', (env, fault) => {
  expect(() => loadConfig(schema, env)).toThrow(expect.objectContaining({ faults: [fault] }));
});

test.each([
  ['a missing file', 'gone.json', undefined, /gone\.json: cannot be read \(ENOENT\)/],
  ['a file that is no manifest', 'a.json', '[]', /a\.json: is no manifest/],
  ['manifests without a document', 'b.json', manifest([]), /there is no document in what it names/],
])('an entrance does not start with %s', async (_title, name, content, fault) => {
  const path = join(folder, name);
  if (content !== undefined) writeFileSync(path, content);
  await expect(open('enforce', path)).rejects.toThrow(
    expect.objectContaining({
      name: 'ConfigError',
      faults: [expect.stringMatching(new RegExp(`^USER_TRUSTED_DOCUMENTS_FILES: .*${fault.source}`))],
    }),
  );
});

test('an empty folder is none the worse where anything may run', async () => {
  const path = mkdtempSync(join(folder, 'empty-'));
  const documents = await open('off', path);
  documents.stop();
  await expect(open('enforce', path)).rejects.toThrow(ConfigError);
});

function open(mode: 'off' | 'enforce', path: string) {
  return openTrustedDocuments({
    markOf: (hash) => hash,
    entrance: 'user',
    mode,
    paths: [path],
    pathsVariable: 'USER_TRUSTED_DOCUMENTS_FILES',
    logger: createLogger('test', 'silent'),
  });
}

function manifest(operations: object[]) {
  return JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations });
}
