import { type ComponentProps, type ReactNode, useId } from 'react';

type Labelled = { label: string; error?: string | undefined };

/** The same as `Field`, for a choice of several. */
export function Select({ label, error, children, ...select }: Labelled & ComponentProps<'select'>) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} {...describe(id, error)} {...select}>
        {children}
      </select>
      <FieldError id={id} error={error} />
    </div>
  );
}

/** The same as `Field`, for a text of several lines. */
export function TextArea({ label, error, ...area }: Labelled & ComponentProps<'textarea'>) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <textarea id={id} {...describe(id, error)} {...area} />
      <FieldError id={id} error={error} />
    </div>
  );
}

/** Several of a list, each with its own box. */
export function Checkboxes({
  label,
  error,
  options,
  value,
  onChange,
}: Labelled & {
  options: readonly { name: string; text?: string | undefined }[];
  value: readonly string[];
  onChange: (value: string[]) => void;
}) {
  const id = useId();
  return (
    <fieldset {...describe(id, error)}>
      <legend>{label}</legend>
      {options.map(({ name, text }) => (
        <label className="check" key={name}>
          <input
            type="checkbox"
            checked={value.includes(name)}
            onChange={({ target }) =>
              onChange(target.checked ? [...value, name] : value.filter((one) => one !== name))
            }
          />
          <span>
            <code>{name}</code>
            {text && <span className="quiet"> {text}</span>}
          </span>
        </label>
      ))}
      <FieldError id={id} error={error} />
    </fieldset>
  );
}

/** Names and what they stand for, one below the other. What is not there is left out. */
export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="facts">
      {facts
        .filter(([, value]) => value !== undefined && value !== null && value !== '')
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

function describe(id: string, error: string | undefined) {
  return error ? ({ 'aria-invalid': true, 'aria-describedby': `${id}-error` } as const) : {};
}

function FieldError({ id, error }: { id: string; error: string | undefined }) {
  return error ? (
    <p className="field-error" id={`${id}-error`} role="alert">
      {error}
    </p>
  ) : null;
}
