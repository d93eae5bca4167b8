export * from '../../libs/proof/src/index.ts';
