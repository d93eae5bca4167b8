import { useEffect } from 'react';
import { useAction, useOperation } from '../app/operations.ts';
import { auditChainsDocument, type ChainFragment, verifyAuditLogDocument } from '../operations.generated.ts';
import { formatDateTime } from '../texts/index.ts';
import { Button, Problem, Section, Skeleton } from '../ui/ui.tsx';
import { chainTexts as texts } from './texts.ts';

const lookAgainMs = 2000;
/** Rows wait for a second or two. */
const lateMs = 60_000;
const sides = ['user', 'portal'];

/** Whether the log is as it was sealed, as the last verification found it, and a button for another one. */
export function ChainState() {
  const { data, error, refetch } = useOperation(auditChainsDocument, {});
  const verify = useAction(verifyAuditLogDocument);
  const chains = data ? (data.auditChains ?? []) : undefined;
  const isVerifying = chains?.some((chain) => chain.isVerifying) ?? false;
  useEffect(() => {
    if (!isVerifying) return;
    const timer = setInterval(refetch, lookAgainMs);
    return () => clearInterval(timer);
  }, [isVerifying, refetch]);
  return (
    <Section title={texts.title}>
      {error ? (
        <Problem error={error} onRetry={() => refetch()} />
      ) : (
        <>
          <div className="chains">
            {/* While they are loaded as tall as they will be, so that nothing moves. */}
            {chains?.map((chain) => <Chain key={chain.side} side={chain.side} chain={chain} />) ??
              sides.map((side) => <Chain key={side} side={side} chain={undefined} />)}
          </div>
          <div className="buttons">
            <Button disabled={!chains || isVerifying || verify.isPending} onClick={() => verify.mutate({})}>
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

function Chain({ side, chain }: { side: string; chain: ChainFragment | undefined }) {
  return (
    <div className="chain">
      <h3>
        {texts.sides[side] ?? side}{' '}
        <span className={!chain || chain.state === 'INTACT' ? 'tag' : 'tag warn'}>
          {chain ? texts.states[chain.state] : '…'}
        </span>
      </h3>
      {chain && <Faults chain={chain} />}
      <details>
        <summary>{chain?.finishedAt ? texts.checked(formatDateTime(chain.finishedAt)) : texts.seals}</summary>
        {chain ? <Seals chain={chain} /> : <Skeleton lines={2} />}
      </details>
    </div>
  );
}

function Seals({ chain }: { chain: ChainFragment }) {
  const { lastSeal, sealedAt, keyId, waiting, oldestWaitingAt, finishedAt, seals, events, pruned } = chain;
  return (
    <>
      <p>
        {lastSeal !== null && sealedAt
          ? texts.sealed(lastSeal, formatDateTime(sealedAt), keyId ?? '–')
          : texts.noSeal}{' '}
        {waiting > 0 && oldestWaitingAt && texts.waiting(waiting, formatDateTime(oldestWaitingAt))}
      </p>
      {finishedAt && (
        <p>
          {texts.verified(formatDateTime(finishedAt), seals ?? 0, events ?? 0)}{' '}
          {(pruned ?? 0) > 0 && texts.pruned(pruned ?? 0, chain.completeFrom ?? 1)}
        </p>
      )}
    </>
  );
}

/** What is wrong, and what to do. Most of the time: nothing. */
function Faults({
  chain: { state, oldestWaitingAt, missingKeys, faults, faultCount },
}: {
  chain: ChainFragment;
}) {
  const isLate = oldestWaitingAt !== null && Date.now() - new Date(oldestWaitingAt).getTime() > lateMs;
  return (
    <>
      {isLate && (
        <div className="problem" role="alert">
          <p>{texts.late}</p>
        </div>
      )}
      {state === 'UNCHECKED' && (
        <div className="problem">
          <p>{texts.unchecked(missingKeys.join(', '))}</p>
        </div>
      )}
      {state === 'BROKEN' && (
        <div className="problem" role="alert">
          <p>
            <strong>{texts.broken(faultCount)}</strong>
          </p>
          <ul>
            {faults.map((fault) => (
              <li key={fault}>
                <code>{fault}</code>
              </li>
            ))}
          </ul>
          {faultCount > faults.length && <p>{texts.moreFaults(faultCount - faults.length)}</p>}
          <p>{texts.whatToDo}</p>
        </div>
      )}
    </>
  );
}
