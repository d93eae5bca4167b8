export * from '../../libs/access/src/index.ts';
