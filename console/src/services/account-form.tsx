import { useSession } from '@signet/client/react';
import { customerScopes } from '../roles/role-matrix.generated.ts';
import { describeScope } from '../roles/scope-texts.ts';
import type { Form } from '../ui/act-dialog.tsx';
import { Checkboxes, TextArea } from '../ui/form.tsx';
import { Field } from '../ui/ui.tsx';
import { services as say } from './texts.ts';

export type Side = 'USER' | 'PORTAL';

/** What a form has of a service account. */
export type AccountValues = {
  name: string;
  scopes: readonly string[];
  networks: string;
  /** As an input of the type `datetime-local` has it. */
  expiresAt: string;
  reason: string;
};

/** The scopes that the signed-in member may give on a side. The server decides by the rows. */
export function useGrantableScopes(side: Side): readonly string[] {
  const session = useSession();
  const own = session.status === 'signed-in' ? session.account.scopes : [];
  return side === 'USER' ? customerScopes : own;
}

/** The inputs of a new account, and of a change. */
export function AccountFields({
  form: { values, set, field, errorAt },
  scopes,
}: {
  form: Form<AccountValues>;
  scopes: readonly string[];
}) {
  return (
    <>
      <Field label={say.name} required maxLength={100} autoComplete="off" {...field('name')} />
      <Checkboxes
        label={say.chooseScopes}
        options={scopes.map((name) => ({ name, text: describeScope(name) }))}
        value={values.scopes}
        onChange={(chosen) => set('scopes', chosen)}
        error={errorAt('scopes')}
      />
      <TextArea
        label={say.networks}
        rows={3}
        spellCheck={false}
        placeholder="203.0.113.0/24"
        {...field('networks')}
      />
      <Field label={say.expiresAt} type="datetime-local" {...field('expiresAt')} />
      <ReasonField form={{ field }} />
    </>
  );
}

export function ReasonField<Values extends { reason: string }>({
  form,
}: {
  form: Pick<Form<Values>, 'field'>;
}) {
  const field = form.field as Form<{ reason: string }>['field'];
  return <Field label={say.reason} required minLength={3} maxLength={500} {...field('reason')} />;
}

/** What the API takes of it. */
export function readAccount({ name, scopes, networks, expiresAt, reason }: AccountValues) {
  return {
    name,
    scopes: [...scopes],
    networks: networks.split(/[\s,]+/).filter(Boolean),
    expiresAt: expiresAt ? new Date(expiresAt).toISOString() : null,
    reason,
  };
}

/** An instant as an input of the type `datetime-local` has it, in the time of this place. */
export function toLocalInput(instant: string | null): string {
  if (instant === null) return '';
  const date = new Date(instant);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
