export * from './audit-events.ts';
export * from './claims.ts';
export * from './credential-fields.ts';
export * from './errors.ts';
export * from './metadata.ts';
export * from './platforms.ts';
export * from './scopes.ts';
export * from './session-cookies.ts';
