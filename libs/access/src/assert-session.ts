import { RefusalError } from '@signet/service';
import type { Session } from '@signet/session';
import { type Condition, judgeSession } from './conditions.ts';

/** @throws {RefusalError} for the first condition that the session does not meet. */
export function assertSession(conditions: readonly Condition[], session: Session): void {
  const refusal = judgeSession(conditions, session);
  if (refusal) {
    throw new RefusalError(refusal.reason, refusal.text === undefined ? {} : { text: refusal.text });
  }
}

/** The answer of a policy that does not say yes. */
export function refuse(): never {
  throw new RefusalError('authz.permission.deny');
}
