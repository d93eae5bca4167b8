export * from '../../libs/client/src/pages.ts';
