export * from '../../libs/session/src/index.ts';
