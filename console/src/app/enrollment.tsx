import type { Challenge } from '@signet/client';
import { type FormEvent, useEffect, useState, useSyncExternalStore } from 'react';
import { renderSVG } from 'uqr';
import { texts } from '../texts/index.ts';
import { Button, Dialog, Field } from '../ui/ui.tsx';
import { Refusal, useAttempt } from './sign-in.tsx';
import { signet } from './signet.ts';

const { session } = texts;

/** Recovery codes are given with the session, whose page replaces the form, before they have come or after it. */
let codesToShow: readonly string[] = [];
const listeners = new Set<() => void>();

/** None: they are no longer to be shown. */
export function showCodes(codes: readonly string[]): void {
  codesToShow = codes;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Adds the second factor that the role needs, as the end of the first sign-in. */
export function Enrollment({ challenge, onBack }: { challenge: Challenge; onBack: () => void }) {
  const { isBusy, error, attempt } = useAttempt();
  const [totp, setTotp] = useState<{ secret: string; uri: string }>();
  const { id, methods } = challenge;

  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each challenge.
  useEffect(() => {
    if (!methods.includes('enroll_totp')) return;
    void attempt(() => signet.enrollment.beginTotp(id)).then(setTotp);
  }, [id]);

  async function keepCodes(action: () => ReturnType<typeof signet.enrollment.confirmTotp>): Promise<void> {
    await attempt(async () => {
      const outcome = await action();
      if (outcome.ok) showCodes(outcome.value.recoveryCodes);
      return outcome;
    });
  }

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const code = String(new FormData(event.currentTarget).get('code')).trim();
    void keepCodes(() => signet.enrollment.confirmTotp(id, code));
  }

  return (
    <>
      <h1>{session.enroll}</h1>
      <p>{session.enrollWhy}</p>
      <form onSubmit={submit}>
        {totp && (
          <>
            <TotpSecret totp={totp} />
            <Field
              label={session.code}
              name="code"
              inputMode="numeric"
              autoComplete="one-time-code"
              required
            />
          </>
        )}
        <Refusal error={error} />
        {totp && (
          <Button kind="main" type="submit" disabled={isBusy}>
            {session.confirm}
          </Button>
        )}
        {methods.includes('enroll_passkey') && signet.passkeys.areSupported() && (
          <Button
            disabled={isBusy}
            onClick={() => keepCodes(() => signet.enrollment.addPasskey(id, session.passkeyName))}
          >
            {session.enrollPasskey}
          </Button>
        )}
        <Button kind="link" onClick={onBack}>
          {session.back}
        </Button>
      </form>
    </>
  );
}

/** What an authenticator app needs: to be scanned, or typed in. */
export function TotpSecret({ totp: { secret, uri } }: { totp: { secret: string; uri: string } }) {
  return (
    <>
      <p>{session.enrollScan}</p>
      <img className="qr" alt="" src={`data:image/svg+xml,${encodeURIComponent(renderSVG(uri))}`} />
      <p>
        {session.secret}: <code>{secret}</code>
      </p>
    </>
  );
}

/** Shows recovery codes once, until the person says that they are kept. */
export function RecoveryCodes() {
  const codes = useSyncExternalStore(subscribe, () => codesToShow);
  const [isCopied, setCopied] = useState(false);
  if (codes.length === 0) return null;
  const copy = () => navigator.clipboard.writeText(codes.join('\n')).then(() => setCopied(true));
  return (
    <Dialog title={session.recoveryCodes} onClose={() => undefined}>
      <p>{session.recoveryCodesWhy}</p>
      <ul className="codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <div className="buttons">
        <Button onClick={copy}>{isCopied ? session.copied : session.copy}</Button>
        <Button kind="main" onClick={() => showCodes([])}>
          {session.kept}
        </Button>
      </div>
    </Dialog>
  );
}
