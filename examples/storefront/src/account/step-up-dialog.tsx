import { useQuery } from '@apollo/client/react';
import type { StepUpRequest } from '@signet/client/react';
import { type FormEvent, useState } from 'react';
import { useAttempt } from '../errors.ts';
import { FactorsDocument } from '../gql/graphql.ts';
import { signet, stepUp } from '../signet.ts';
import { texts } from '../texts/index.ts';
import { Button, Dialog, Field, Refusal, Skeleton } from '../ui.tsx';
import { type Code, SecondFactor } from './second-factor.tsx';

/** Asks again who this is, where an operation needs a recent sign-in; then the client sends that operation once more. */
export function StepUpDialog() {
  const request = stepUp.useRequest();
  return request ? <OpenDialog request={request} /> : null;
}

function OpenDialog({ request }: { request: StepUpRequest }) {
  const { data, error: unknown } = useQuery(FactorsDocument, {
    fetchPolicy: 'network-only',
    errorPolicy: 'all',
  });
  const [password, setPassword] = useState<string>();
  const { isBusy, error, setError, attempt } = useAttempt();
  const passkeys = data?.myPasskeys?.filter(({ disabledAt }) => !disabledAt) ?? [];
  const methods = [
    ...(data?.myFactors?.totp ? ['totp'] : []),
    ...(passkeys.length > 0 && signet.passkeys.areSupported() ? ['passkey'] : []),
    ...(data?.myFactors?.recoveryCodesLeft ? ['recovery_code'] : []),
  ];

  async function prove(action: () => ReturnType<typeof signet.reauthenticate>): Promise<void> {
    if (await attempt(action)) request.answer(true);
  }
  function submitPassword(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const given = String(new FormData(event.currentTarget).get('password'));
    if (methods.length === 0) void prove(() => signet.reauthenticate({ password: given }));
    else setPassword(given);
  }
  function proveByCode(code: Code): void {
    void attempt(async () => {
      const outcome = await signet.reauthenticate({ ...(password && { password }), ...code });
      if (outcome.ok) request.answer(true);
      // It was the password: it is asked for again.
      else if (outcome.error.kind === 'input' && outcome.error.field === 'password') setPassword(undefined);
      return outcome;
    });
  }

  return (
    <Dialog title={texts.stepUp.title} onClose={() => request.answer(false)}>
      <p>{texts.stepUp.why}</p>
      {!data && !unknown ? (
        <Skeleton />
      ) : password === undefined ? (
        <form onSubmit={submitPassword}>
          <Field
            label={texts.signIn.password}
            name="password"
            type="password"
            error={error}
            autoComplete="current-password"
            required
            autoFocus
          />
          <Refusal error={error} fields={['password']} />
          <Button kind="main" type="submit" disabled={isBusy}>
            {methods.length > 0 ? texts.next : texts.confirm}
          </Button>
          {methods.includes('passkey') && (
            <Button disabled={isBusy} onClick={() => prove(() => signet.passkeys.reauthenticate())}>
              {texts.factors.usePasskey}
            </Button>
          )}
        </form>
      ) : (
        <SecondFactor
          methods={methods}
          isBusy={isBusy}
          error={error}
          onCode={proveByCode}
          onPasskey={() => prove(() => signet.passkeys.reauthenticate(password))}
        />
      )}
      <Button
        kind="link"
        onClick={() => {
          setError(undefined);
          request.answer(false);
        }}
      >
        {texts.cancel}
      </Button>
    </Dialog>
  );
}
