import type { RefusalError } from './errors.ts';
import type { LogWriter } from './logger.ts';

/** An outage is over when nothing was refused for it for so long. */
const quietMs = 60_000;

/**
 * Logs why a request was refused where something is down: the operator needs the cause, which the answer does not show. The first line of an
 * outage has the stack. Each further one is about a request, and says in a few words what was met.
 */
export function createOutageLog(
  logger: Pick<LogWriter, 'error'>,
  now: () => number = () => performance.now(),
): (refusal: RefusalError) => void {
  // There are two reasons with a status from 500 on.
  const refusedAt = new Map<string, number>();
  return ({ httpStatus, cause, reason }) => {
    if (httpStatus < 500 || cause === undefined) return;
    const isFirst = now() - (refusedAt.get(reason) ?? Number.NEGATIVE_INFINITY) >= quietMs;
    refusedAt.set(reason, now());
    const fields = isFirst ? { err: cause } : { fault: nameFault(cause) };
    logger.error({ ...fields, reason }, 'a request was refused: something is down');
  };
}

/** `Error ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:5432`, on one line. */
function nameFault(fault: unknown): string {
  if (!(fault instanceof Error)) return String(fault);
  const code = 'code' in fault && fault.code !== undefined ? ` ${fault.code}` : '';
  const [firstLine] = fault.message.split('\n', 1);
  return `${fault.name}${code}${firstLine ? `: ${firstLine}` : ''}`;
}
