import { documentOf, type OperationName, operations, type Platform } from './operations.ts';

/** Every document that the client sends for a platform, for an entrance that runs trusted documents only (docs/trusted-documents.md). */
export function listDocuments(platform: Platform): string[] {
  return (Object.keys(operations) as OperationName[])
    .filter((name) => operations[name][platform === 'user' ? 0 : 1] !== '')
    .map((name) => documentOf(name, platform));
}
