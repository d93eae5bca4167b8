export * from './audit-events.ts';
export * from './blank-text.ts';
export * from './claims.ts';
export * from './credentials.ts';
export * from './errors.ts';
export * from './platforms.ts';
export * from './refusal-report.ts';
export * from './scopes.ts';
