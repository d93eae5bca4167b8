export * from '../../libs/client/src/urql.ts';
