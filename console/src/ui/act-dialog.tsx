import type { TypedDocument } from '@signet/client';
import { useSession } from '@signet/client/react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { type OperationError, send } from '../app/operations.ts';
import { describeError } from '../app/signet.ts';
import { choose } from '../texts/index.ts';
import { Button, Dialog, Problem } from './ui.tsx';

const say = choose({
  en: { cancel: 'Cancel' },
  de: { cancel: 'Abbrechen' },
});

/** What somebody has typed, by name, and what the server says about it. */
export type Form<Values> = {
  values: Values;
  set: <Name extends keyof Values>(name: Name, value: Values[Name]) => void;
  /** What is wrong with an input of the operation. */
  errorAt: (input: string) => string | undefined;
  /** For `Field`, `Select` and `TextArea`: the value of a text, by the name that the operation has for it. */
  field: (name: Extract<keyof Values, string>) => {
    value: string;
    onChange: (event: { target: { value: string } }) => void;
    error: string | undefined;
  };
};

/**
 * A dialog for an act: it says what will happen, asks for what the act needs, and does it. What was typed is kept while a session is over,
 * and the dialog is away then, since it would lie over the sign-in. Nothing that was sent or came back is kept after it.
 */
export function ActDialog<T, V extends object, Values extends object>(props: {
  title: string;
  /** Of the button that does it; the title by default. */
  submit?: string;
  isDangerous?: boolean;
  document: TypedDocument<T, V>;
  /** By the names that the operation has for its inputs: an error about one of them stands at its field. */
  start: Values;
  /** Names of more inputs whose errors the content shows. */
  inputs?: readonly string[];
  toVariables: (values: Values) => V;
  children: (form: Form<Values>) => ReactNode;
  onDone?: (data: T, variables: V) => void;
  onClose: () => void;
}) {
  const {
    title,
    submit = title,
    isDangerous,
    document,
    start,
    inputs = [],
    toVariables,
    children,
    onDone,
    onClose,
  } = props;
  const [values, setValues] = useState(start);
  const isSignedIn = useSession().status === 'signed-in';
  const queries = useQueryClient();
  const action = useMutation<T, OperationError, V>({
    gcTime: 0,
    mutationFn: (variables) => send(document, variables),
    onSuccess(data, variables) {
      onDone?.(data, variables);
      onClose();
      return queries.invalidateQueries();
    },
  });
  if (!isSignedIn) return null;

  const error = action.error?.error;
  const errorAt = (input: string) =>
    error?.kind === 'input' && error.field === input ? describeError(error) : undefined;
  const set: Form<Values>['set'] = (name, value) => setValues((before) => ({ ...before, [name]: value }));
  const form: Form<Values> = {
    values,
    set,
    errorAt,
    field: (name) => ({
      value: String(values[name]),
      onChange: ({ target }) => set(name, target.value as Values[typeof name]),
      error: errorAt(name),
    }),
  };
  const isAtField = error?.kind === 'input' && [...Object.keys(start), ...inputs].includes(error.field);
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        onSubmit={(event: FormEvent<HTMLFormElement>) => {
          event.preventDefault();
          action.mutate(toVariables(values));
        }}
      >
        {children(form)}
        {action.error && !isAtField && <Problem error={action.error} />}
        <div className="buttons">
          <Button onClick={onClose}>{say.cancel}</Button>
          <Button kind={isDangerous ? 'danger' : 'main'} type="submit" disabled={action.isPending}>
            {submit}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
