import { useState, useSyncExternalStore } from 'react';
import { texts } from '../texts/index.ts';
import { Button, Dialog, Field } from '../ui/ui.tsx';
import { Refusal, SecondFactor, useAttempt } from './sign-in.tsx';
import { signet } from './signet.ts';
import { stepUp } from './step-up.ts';

/** Asks again who this is, where an operation needs a recent sign-in; then the client sends that operation once more. */
export function StepUpDialog() {
  const asked = useSyncExternalStore(stepUp.subscribe, stepUp.current);
  return asked ? <Ask onAnswer={asked.answer} /> : null;
}

function Ask({ onAnswer }: { onAnswer: (isDone: boolean) => void }) {
  const { isBusy, error, attempt } = useAttempt();
  const [password, setPassword] = useState('');
  const [needsCode, setNeedsCode] = useState(false);

  async function prove(proof: { totp?: string; recoveryCode?: string }): Promise<void> {
    const done = await attempt<unknown>(async () => {
      const outcome = await signet.reauthenticate({ password, ...proof });
      if (!outcome.ok && outcome.error.kind === 'input' && outcome.error.field === 'totp' && !needsCode) {
        setNeedsCode(true);
        return { ok: true, value: undefined };
      }
      return outcome;
    });
    if (done) onAnswer(true);
  }
  const byPasskey = async () => {
    if (await attempt(() => signet.passkeys.reauthenticate())) onAnswer(true);
  };

  return (
    <Dialog title={texts.stepUp.title} onClose={() => onAnswer(false)}>
      <p>{texts.stepUp.why}</p>
      {needsCode ? (
        <SecondFactor
          methods={['totp', 'recovery_code']}
          isBusy={isBusy}
          error={error}
          onCode={prove}
          onPasskey={byPasskey}
        />
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void prove({});
          }}
        >
          <Field
            label={texts.session.password}
            type="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
          <Refusal error={error} />
          <Button kind="main" type="submit" disabled={isBusy}>
            {texts.session.confirm}
          </Button>
          {signet.passkeys.areSupported() && (
            <Button disabled={isBusy} onClick={byPasskey}>
              {texts.session.usePasskey}
            </Button>
          )}
        </form>
      )}
      <Button kind="link" onClick={() => onAnswer(false)}>
        {texts.stepUp.cancel}
      </Button>
    </Dialog>
  );
}
