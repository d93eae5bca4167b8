export { findPasswordFault, type PasswordOwner } from './find-password-fault.ts';
