export { type AuthConfig, authConfigSchema } from './settings.ts';
export { startAuth } from './start.ts';
export type { AuthOptions } from './start-platform.ts';
