import { useEffect, useRef, useState } from 'react';
import { OperationError, send } from '../app/operations.ts';
import { accountSignal, anotherAccount, isForeignContract } from '../app/signet.ts';
import { type AuditLogQueryVariables, auditLogDocument } from '../operations.generated.ts';
import { formatCount, formatDateTime } from '../texts/index.ts';
import { notify } from '../ui/notices.tsx';
import { Button, Problem } from '../ui/ui.tsx';
import {
  beginning,
  csv,
  exportEvents,
  type Format,
  jsonLines,
  openSink,
  type Progress,
  type Sink,
} from './export.ts';
import { audit } from './texts.ts';

type Filter = NonNullable<AuditLogQueryVariables['filter']>;
/** What an export is at: `fault` where it has stopped and waits for the person. */
type Run = {
  format: Format;
  /** As it was when the export began, with the moment of that as its end: what happens meanwhile is not in it. */
  filter: Filter;
  sink: Sink;
  progress: Progress;
  /** Of whoever began it: a file holds what one person may see. */
  account: AbortSignal;
  fault?: OperationError;
};

/** Writes all events that the filter leaves to a file, page by page, with a way to stop. */
export function Export({ filter }: { filter: Filter }) {
  const [run, setRun] = useState<Run>();
  const controller = useRef<AbortController>(undefined);
  const latest = useRef<Run>(undefined);
  latest.current = run;
  // Where somebody else signs in meanwhile, or this screen is left, what has come so far is thrown away.
  useEffect(
    () => () => {
      controller.current?.abort();
      void latest.current?.sink.abort();
    },
    [],
  );

  async function begin(format: Format): Promise<void> {
    const account = accountSignal();
    const now = new Date().toISOString();
    const name = `audit-${now.slice(0, 10)}.${format.extension}`;
    const sink = await openSink(name, format.mediaType);
    if (!sink) return;
    const until = filter.until && filter.until < now ? filter.until : now;
    await goOn({ format, filter: { ...filter, until }, sink, progress: beginning, account });
  }

  async function goOn({ fault: _fault, ...begun }: Run): Promise<void> {
    controller.current = new AbortController();
    const { signal } = controller.current;
    let { progress } = begun;
    setRun(begun);
    try {
      await exportEvents({
        ...begun,
        from: progress,
        signal,
        passing,
        ask: (after) => send(auditLogDocument, { filter: begun.filter, first: 100, after }, begun.account),
        onProgress: (next) => {
          progress = next;
          if (!signal.aborted) setRun({ ...begun, progress });
        },
      });
      await keep({ ...begun, progress });
    } catch (thrown) {
      if (signal.aborted) return;
      if (!(thrown instanceof OperationError)) {
        setRun(undefined);
        notify(audit.exportNotWritten);
        await begun.sink.abort();
        throw thrown;
      }
      setRun({ ...begun, progress, fault: thrown });
    }
  }

  async function keep({ sink, progress }: Run): Promise<void> {
    await sink.close();
    setRun(undefined);
    notify(audit.exported(formatCount(progress.events)));
  }

  function cancel({ sink }: Run): void {
    controller.current?.abort();
    setRun(undefined);
    void sink.abort();
  }

  if (!run) {
    return (
      <div className="buttons">
        <Button onClick={() => begin(csv)}>{audit.exportCsv}</Button>
        <Button onClick={() => begin(jsonLines)}>{audit.exportLines}</Button>
      </div>
    );
  }
  const { progress, fault } = run;
  const events = formatCount(progress.events);
  return (
    <div className="buttons">
      {fault ? (
        <>
          <Problem error={fault} />
          <p>{audit.exportStopped(events, progress.reached ? formatDateTime(progress.reached) : '')}</p>
          <Button kind="main" onClick={() => goOn(run)}>
            {audit.exportGoOn}
          </Button>
          {progress.events > 0 && <Button onClick={() => keep(run)}>{audit.exportKeep}</Button>}
        </>
      ) : (
        <span className="quiet" role="status">
          {audit.exporting(events)}
        </span>
      )}
      <Button onClick={() => cancel(run)}>{audit.exportCancel}</Button>
    </div>
  );
}

/** After how many seconds to ask again for a page that failed. Nothing for what would fail again. */
function passing(thrown: unknown): number | undefined {
  if (!(thrown instanceof OperationError)) return undefined;
  const { error } = thrown;
  if ('retryAfterSeconds' in error) return error.retryAfterSeconds;
  if (error.kind === 'network') return 1;
  const isFinal = isForeignContract(error) || error.reason === anotherAccount.reason;
  return error.kind === 'internal' && !isFinal ? 1 : undefined;
}
