export * from '../../libs/client/src/follow-account.ts';
