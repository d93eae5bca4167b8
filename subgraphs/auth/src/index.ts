export type { AuthOptions } from './auth-options.ts';
export { type AuthConfig, authConfigSchema } from './config.ts';
export { startAuth } from './start-auth.ts';
