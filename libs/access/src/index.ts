export { requirePortal, requireScope, requireUser } from './require-session.ts';
