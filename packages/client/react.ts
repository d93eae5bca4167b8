export * from '../../libs/client/src/react.ts';
