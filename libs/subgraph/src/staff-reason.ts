import { badInput } from '@signet/service';
import { readText } from './input.ts';

/**
 * Why staff act on somebody's account, in their own words. It goes into the audit log, which is never changed: so it must name no mailbox.
 *
 * @throws {RefusalError} input.reason
 */
export function readReason(input: string): string {
  const reason = readText('reason', input, { min: 3, max: 500 });
  if (reason.includes('@')) {
    throw badInput('reason', 'The reason stays in the audit log: it must not hold an e-mail address.');
  }
  return reason;
}
