import type { SignetError } from '@signet/client';
import {
  type ButtonHTMLAttributes,
  type InputHTMLAttributes,
  type ReactNode,
  useEffect,
  useId,
  useRef,
} from 'react';
import { describeError } from './errors.ts';
import { texts } from './texts/index.ts';

type FieldProps = {
  label: string;
  hint?: string;
  /** The operation's error: it is shown here where it is about this field's value. */
  error?: SignetError | undefined;
  /** What the operation calls it. By default its `name`. */
  errorName?: string;
} & InputHTMLAttributes<HTMLInputElement>;

/** A labelled input, with what is wrong with its value below it. */
export function Field({ label, hint, error, errorName, ...input }: FieldProps) {
  const id = useId();
  const isFaulty = error?.kind === 'input' && error.field === (errorName ?? input.name);
  const described = [hint && `${id}-hint`, isFaulty && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        {...input}
        aria-invalid={isFaulty || undefined}
        aria-describedby={described || undefined}
      />
      {hint && (
        <p className="quiet" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {isFaulty && (
        <p className="fault" id={`${id}-error`}>
          {describeError(error)}
        </p>
      )}
    </div>
  );
}

/** What was wrong with an attempt, unless a field above says it. */
export function Refusal({
  error,
  fields = [],
}: {
  error: SignetError | undefined;
  fields?: readonly string[];
}) {
  const isShown = error && !(error.kind === 'input' && fields.includes(error.field));
  return (
    <p role="alert" className="fault">
      {isShown && describeError(error)}
    </p>
  );
}

type ButtonKind = 'plain' | 'main' | 'danger' | 'link';

export function Button({
  kind = 'plain',
  ...rest
}: { kind?: ButtonKind } & ButtonHTMLAttributes<HTMLButtonElement>) {
  return <button type="button" {...rest} className={`button ${kind}`} />;
}

/** What could not be loaded, with a way to try again. */
export function Problem({ error, onRetry }: { error: SignetError; onRetry?: () => void }) {
  return (
    <div className="notice" role="alert">
      <p>{describeError(error)}</p>
      {error.requestId && <p className="quiet">{texts.errors.requestId(error.requestId)}</p>}
      {onRetry && <Button onClick={onRetry}>{texts.retry}</Button>}
    </div>
  );
}

/** Lines in place of what is being loaded. */
export function Skeleton({ lines = 3 }: { lines?: number }) {
  return (
    <div className="skeleton" role="status" aria-label={texts.loading}>
      {Array.from({ length: lines }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are alike.
        <span key={index} />
      ))}
    </div>
  );
}

export function Card({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section className="card" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

/** A modal dialog: the browser keeps the focus inside, and gives it back. Without `onClose` only what it holds closes it. */
export function Dialog({
  title,
  onClose,
  children,
}: {
  title: string;
  onClose?: () => void;
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
        onClose?.();
      }}
      onClose={({ currentTarget }) => {
        // Pressed again and again, Escape closes it all the same.
        onClose?.();
        setTimeout(() => currentTarget.isConnected && !currentTarget.open && currentTarget.showModal());
      }}
    >
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}

/** Asks before something that cannot be taken back, and says what it does. */
export function Confirm(props: {
  title: string;
  text: string;
  action: string;
  isBusy: boolean;
  error: SignetError | undefined;
  onConfirm: () => void;
  onClose: () => void;
}) {
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <p>{props.text}</p>
      <Refusal error={props.error} />
      <div className="buttons">
        <Button onClick={props.onClose}>{texts.cancel}</Button>
        <Button kind="danger" disabled={props.isBusy} onClick={props.onConfirm}>
          {props.action}
        </Button>
      </div>
    </Dialog>
  );
}

/** The title of the page in the browser's tab. */
export function usePageTitle(title: string | undefined): void {
  useEffect(() => {
    if (title) document.title = `${title} · ${texts.shop}`;
  }, [title]);
}
