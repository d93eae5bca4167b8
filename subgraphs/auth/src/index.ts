export type { AuthOptions } from './auth-options.ts';
export { type AuthConfig, authConfigSchema } from './config.ts';
export { diagnose } from './doctor/diagnose.ts';
export { formatFinding } from './doctor/finding.ts';
export { startAuth } from './start-auth.ts';
export { signExpiredUserToken } from './tokens/expired-user-token.ts';
