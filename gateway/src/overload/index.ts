export { registerLoadLimit } from './register-load-limit.ts';
