import { useEffect } from 'react';
import { useAction, useOperation } from '../app/operations.ts';
import { auditChainsDocument, type ChainFragment, verifyAuditLogDocument } from '../operations.generated.ts';
import { formatDateTime } from '../texts/index.ts';
import { Button, Problem, Section, Skeleton } from '../ui/ui.tsx';
import { chainTexts as texts } from './texts.ts';

const lookAgainMs = 2000;
/** Rows wait for a second or two. */
const lateMs = 60_000;

/** Whether the log is as it was sealed, as the last verification found it, and a button for another one. */
export function ChainState() {
  const { data, error, isPending, refetch } = useOperation(auditChainsDocument, {});
  const verify = useAction(verifyAuditLogDocument);
  const chains = data?.auditChains ?? [];
  const isVerifying = chains.some((chain) => chain.isVerifying);
  useEffect(() => {
    if (!isVerifying) return;
    const timer = setInterval(refetch, lookAgainMs);
    return () => clearInterval(timer);
  }, [isVerifying, refetch]);
  return (
    <Section title={texts.title}>
      {error ? (
        <Problem error={error} onRetry={() => refetch()} />
      ) : isPending ? (
        <Skeleton lines={2} />
      ) : (
        <>
          {chains.map((chain) => (
            <Chain key={chain.side} chain={chain} />
          ))}
          <div className="buttons">
            <Button disabled={isVerifying || verify.isPending} onClick={() => verify.mutate({})}>
              {texts.verify}
            </Button>
            <span className="quiet" role="status">
              {isVerifying && texts.verifying}
            </span>
          </div>
          {verify.error && <Problem error={verify.error} />}
        </>
      )}
    </Section>
  );
}

function Chain({ chain }: { chain: ChainFragment }) {
  const { side, state, lastSeal, sealedAt, keyId, waiting, oldestWaitingAt, finishedAt, faultCount } = chain;
  const isLate = oldestWaitingAt !== null && Date.now() - new Date(oldestWaitingAt).getTime() > lateMs;
  return (
    <div className="chain">
      <h3>
        {texts.sides[side] ?? side}{' '}
        <span className={state === 'INTACT' ? 'tag' : 'tag warn'}>{texts.states[state]}</span>
      </h3>
      <p className="quiet">
        {lastSeal !== null && sealedAt
          ? texts.sealed(lastSeal, formatDateTime(sealedAt), keyId ?? '–')
          : texts.noSeal}{' '}
        {waiting > 0 && oldestWaitingAt && texts.waiting(waiting, formatDateTime(oldestWaitingAt))}
      </p>
      {finishedAt && (
        <p className="quiet">
          {texts.verified(formatDateTime(finishedAt), chain.seals ?? 0, chain.events ?? 0)}{' '}
          {(chain.pruned ?? 0) > 0 && texts.pruned(chain.pruned ?? 0, chain.completeFrom ?? 1)}
        </p>
      )}
      {isLate && (
        <div className="problem" role="alert">
          <p>{texts.late}</p>
        </div>
      )}
      {state === 'UNCHECKED' && (
        <div className="problem">
          <p>{texts.unchecked(chain.missingKeys.join(', '))}</p>
        </div>
      )}
      {state === 'BROKEN' && (
        <div className="problem" role="alert">
          <p>
            <strong>{texts.broken(faultCount)}</strong>
          </p>
          <ul>
            {chain.faults.map((fault) => (
              <li key={fault}>
                <code>{fault}</code>
              </li>
            ))}
          </ul>
          {faultCount > chain.faults.length && <p>{texts.moreFaults(faultCount - chain.faults.length)}</p>}
          <p>{texts.whatToDo}</p>
        </div>
      )}
    </div>
  );
}
