import { type FormEvent, useState } from 'react';
import { useOperation } from '../app/operations.ts';
import { Refusal, useAttempt } from '../app/sign-in.tsx';
import { portalFeaturesDocument, requestPasswordResetDocument } from '../operations.generated.ts';
import { choose, language, texts } from '../texts/index.ts';
import { Button, Field } from '../ui/ui.tsx';
import { ask } from './ask.ts';

const say = choose({
  en: {
    forgot: 'Forgot your password?',
    forgotTitle: 'A link for a new password',
    forgotWhat:
      'If there is an account with this address, a mail with a link goes there. The link is good for an hour.',
    send: 'Send the link',
    sent: (email: string) =>
      `If ${email} is the address of an account, a link is on its way. Look into the mailbox, also among unwanted mail.`,
    noMail:
      'No mail is configured here, so there are no links. Ask a super admin or whoever operates this installation.',
    back: 'Back to the sign-in',
  },
  de: {
    forgot: 'Passwort vergessen?',
    forgotTitle: 'Ein Link für ein neues Passwort',
    forgotWhat:
      'Wenn es ein Konto mit dieser Adresse gibt, geht eine Mail mit einem Link dorthin. Der Link gilt eine Stunde.',
    send: 'Link senden',
    sent: (email) =>
      `Wenn ${email} die Adresse eines Kontos ist, ist ein Link unterwegs. Sehen Sie im Postfach nach, auch unter den unerwünschten Mails.`,
    noMail:
      'Hier ist keine Mail eingerichtet, daher gibt es keine Links. Bitten Sie einen Super-Admin oder wer diese Installation betreibt.',
    back: 'Zurück zur Anmeldung',
  },
});

export const forgotPassword = say.forgot;

/** Asks for a mail with a link to set a new password. It says the same of every address, whether it has an account or not. */
export function ForgotPassword({ onBack }: { onBack: () => void }) {
  const { isBusy, error, attempt } = useAttempt();
  const [sentTo, setSentTo] = useState('');
  const features = useOperation(portalFeaturesDocument, {});
  const hasNoMail = features.data?.portalFeatures?.mail === false;
  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const email = String(new FormData(event.currentTarget).get('email')).trim();
    if (await attempt(() => ask(requestPasswordResetDocument, { email, language }))) setSentTo(email);
  }
  return (
    <>
      <h1>{say.forgotTitle}</h1>
      {hasNoMail ? (
        <p className="note">{say.noMail}</p>
      ) : sentTo ? (
        <p role="status">{say.sent(sentTo)}</p>
      ) : (
        <form onSubmit={submit}>
          <p>{say.forgotWhat}</p>
          <Field
            label={texts.session.email}
            name="email"
            type="email"
            autoComplete="username"
            required
            autoFocus
          />
          <Refusal error={error} />
          <Button kind="main" type="submit" disabled={isBusy}>
            {say.send}
          </Button>
        </form>
      )}
      <Button kind="link" onClick={onBack}>
        {say.back}
      </Button>
    </>
  );
}
