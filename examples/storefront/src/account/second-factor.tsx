import type { SignetError } from '@signet/client';
import { type FormEvent, type ReactNode, useState } from 'react';
import { texts } from '../texts/index.ts';
import { Button, Field, Refusal } from '../ui.tsx';

export type Code = { totp: string } | { recoveryCode: string };

/** The second step of a sign-in, and of a proof of who somebody is: what the account has, it offers. */
export function SecondFactor(props: {
  methods: readonly string[];
  isBusy: boolean;
  error: SignetError | undefined;
  onCode: (code: Code, rememberDevice: boolean) => void;
  onPasskey: () => void;
  mayRemember?: boolean;
  children?: ReactNode;
}) {
  const { methods, isBusy, error, onCode, onPasskey, mayRemember, children } = props;
  const [byRecovery, setByRecovery] = useState(
    !methods.includes('totp') && methods.includes('recovery_code'),
  );
  const name = byRecovery ? 'recoveryCode' : 'totp';
  const hasCode = methods.includes('totp') || methods.includes('recovery_code');
  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const code = String(form.get(name)).trim();
    onCode(byRecovery ? { recoveryCode: code } : { totp: code }, form.has('remember'));
  }
  return (
    <form onSubmit={submit}>
      {hasCode && (
        <Field
          key={name}
          label={byRecovery ? texts.factors.recoveryCode : texts.factors.code}
          name={name}
          error={error}
          inputMode={byRecovery ? 'text' : 'numeric'}
          autoComplete="one-time-code"
          required
          autoFocus
        />
      )}
      {mayRemember && hasCode && (
        <label className="check">
          <input type="checkbox" name="remember" /> {texts.factors.remember}
        </label>
      )}
      <Refusal error={error} fields={hasCode ? [name] : []} />
      {hasCode && (
        <Button kind="main" type="submit" disabled={isBusy}>
          {texts.confirm}
        </Button>
      )}
      {methods.includes('passkey') && (
        <Button kind={hasCode ? 'plain' : 'main'} disabled={isBusy} onClick={onPasskey}>
          {texts.factors.usePasskey}
        </Button>
      )}
      {methods.includes('totp') && methods.includes('recovery_code') && (
        <Button kind="link" onClick={() => setByRecovery(!byRecovery)}>
          {byRecovery ? texts.factors.useApp : texts.factors.useRecoveryCode}
        </Button>
      )}
      {children}
    </form>
  );
}
