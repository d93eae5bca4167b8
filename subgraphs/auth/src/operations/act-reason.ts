import { badInput } from '@signet/service';

const maxReasonLength = 500;

/** Why a member of staff does something: it goes into the audit log. @throws {RefusalError} input.reason */
export function readActReason(input: string): string {
  const reason = input.trim();
  if (reason === '' || [...reason].length > maxReasonLength) {
    throw badInput('reason', `Say why, in at most ${maxReasonLength} characters.`);
  }
  return reason;
}
