import { createSampler, type Logger } from '@signet/service';
import { isImpersonated, type Session } from './session.ts';

export type ActingLog = {
  /** Writes a line for an impersonated caller, at most one a minute for each impersonation. Others leave no trace here. */
  add(session: Session, requestId: string): void;
};

/** Says in a process's log that a member of staff acts as a customer: who (`act`), as whom, in which impersonation, and how many requests. */
export function createActingLog(logger: Pick<Logger, 'info'>): ActingLog {
  const sampler = createSampler<Readonly<Record<string, string | undefined>>>((fields, requests, isShared) =>
    logger.info(
      isShared ? { requests, callers: 'many' } : { ...fields, requests },
      'a member of staff acts as a customer',
    ),
  );
  return {
    add(session, requestId) {
      if (!isImpersonated(session)) return;
      const { actor, userId: customer, sessionId: impersonation = '' } = session;
      sampler.add(impersonation, { act: actor.staffId, customer, impersonation, requestId });
    },
  };
}
