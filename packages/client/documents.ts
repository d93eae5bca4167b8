export * from '../../libs/client/src/documents.ts';
