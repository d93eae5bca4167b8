import {
  type ButtonHTMLAttributes,
  type InputHTMLAttributes,
  type ReactNode,
  useEffect,
  useId,
  useRef,
} from 'react';
import { Link } from 'react-router';
import { useMay } from '../app/may.ts';
import type { OperationError } from '../app/operations.ts';
import { describeError } from '../app/signet.ts';
import { refusalDocument } from '../operations.generated.ts';
import { texts } from '../texts/index.ts';

/** A labelled input, with what is wrong with its value below it. */
export function Field({
  label,
  error,
  ...input
}: { label: string; error?: string | undefined } & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        aria-invalid={error ? true : undefined}
        aria-describedby={error ? `${id}-error` : undefined}
        {...input}
      />
      {error && (
        <p className="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

export function Button({
  kind = 'plain',
  ...rest
}: { kind?: 'plain' | 'main' | 'danger' | 'link' } & ButtonHTMLAttributes<HTMLButtonElement>) {
  return <button type="button" {...rest} className={`button ${kind}`} />;
}

/** What went wrong, and what to do. Read out by screen readers when it appears. */
export function Problem({ error, onRetry }: { error: OperationError; onRetry?: () => void }) {
  const { requestId } = error.error;
  const may = useMay();
  return (
    <div className="problem" role="alert">
      <p>{describeError(error.error)}</p>
      {requestId && (
        <p className="quiet">
          {may(refusalDocument) ? (
            <Link to={`/refusals/${encodeURIComponent(requestId)}`}>{texts.errors.requestId(requestId)}</Link>
          ) : (
            texts.errors.requestId(requestId)
          )}
        </p>
      )}
      {onRetry && <Button onClick={onRetry}>{texts.errors.retry}</Button>}
    </div>
  );
}

/** A modal dialog: the browser keeps the focus inside, and gives it back. Escape asks to close it. */
export function Dialog({
  title,
  onClose,
  children,
}: {
  title: string;
  onClose: () => void;
  children: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClose={({ currentTarget }) => {
        // Pressed again and again, Escape closes it whatever a page says to that. Where it is still to be shown, it is.
        onClose();
        setTimeout(() => currentTarget.isConnected && !currentTarget.open && currentTarget.showModal());
      }}
    >
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}

/** Lines in place of what is being loaded, as tall as it will be. */
export function Skeleton({ lines = 3 }: { lines?: number }) {
  return (
    <div className="skeleton" role="status" aria-label={texts.table.loading}>
      {Array.from({ length: lines }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are alike.
        <span key={index} />
      ))}
    </div>
  );
}

export function Section({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section className="card" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}
