export * from '../../libs/client/src/apollo.ts';
