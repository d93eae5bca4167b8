export {
  refineTrustedDocuments,
  trustedDocumentsFields,
  trustedDocumentsOf,
  whenTrustedDocumentsAreRead,
} from './config.ts';
export { openTrustedDocuments, type WithDocument } from './trusted-documents.ts';
