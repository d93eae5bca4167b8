import { useSession } from '@signet/client/react';
import {
  type ButtonHTMLAttributes,
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  useEffect,
  useId,
  useRef,
  useState,
  useSyncExternalStore,
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

/** A labelled choice. `options` are values with their texts. */
export function Select({
  label,
  options,
  ...select
}: {
  label: string;
  options: readonly (readonly [value: string, text: string])[];
} & SelectHTMLAttributes<HTMLSelectElement>) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} {...select}>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

/** A box to tick, before its text. */
export function Checkbox({ label, ...input }: { label: string } & InputHTMLAttributes<HTMLInputElement>) {
  return (
    <label className="checkbox">
      <input type="checkbox" {...input} /> {label}
    </label>
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

/**
 * A modal dialog: the browser keeps the focus inside, and gives it back. Escape asks to close it. While a session is over it makes room for
 * the sign-in, and is there again after it with all that was typed: nothing else may unmount it meanwhile.
 */
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
  const isHiding = useRef(false);
  const id = useId();
  const isOver = useSession().status !== 'signed-in';
  useEffect(() => {
    const { current } = dialog;
    if (!isOver && !current?.open) current?.showModal();
    if (isOver && current?.open) {
      isHiding.current = true;
      current.close();
    }
  }, [isOver]);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClose={({ currentTarget }) => {
        if (isHiding.current) {
          isHiding.current = false;
          return;
        }
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

/** What narrows a list: fields side by side. On a small screen they are folded away, open where some are in use. */
export function Filters({ isInUse, children }: { isInUse: boolean; children: ReactNode }) {
  const isSmall = useIsSmall();
  const [isOpen, setOpen] = useState(isInUse);
  const fields = <div className="filters">{children}</div>;
  return (
    <search>
      {isSmall ? (
        <details open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
          <summary>{texts.table.filters}</summary>
          {fields}
        </details>
      ) : (
        fields
      )}
    </search>
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

const small = matchMedia('(max-width: 40rem)');

function followSmall(listener: () => void): () => void {
  small.addEventListener('change', listener);
  return () => small.removeEventListener('change', listener);
}

/** Whether the screen has room for one column. The same width stands in styles.css. */
export function useIsSmall(): boolean {
  return useSyncExternalStore(followSmall, () => small.matches);
}
