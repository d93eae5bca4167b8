import type { Outcome, SignetError } from '@signet/client';
import { readError } from '@signet/client';
import { useState } from 'react';
import { language, texts } from './texts/index.ts';

/** What a person reads of an error: the compiler names a kind that is missing here. */
export function describeError(error: SignetError): string {
  const { errors } = texts;
  switch (error.kind) {
    case 'credentials':
      return errors.credentials;
    case 'challenge':
      return errors.challenge;
    case 'signed-out':
      return errors.signedOut;
    case 'step-up':
      return errors.stepUp;
    case 'forbidden':
      return error.reason === 'authz.caller.deny' ? errors.notAsStaff : errors.forbidden;
    case 'not-found':
      return errors.notFound;
    case 'throttled':
      return errors.throttled(error.retryAfterSeconds);
    case 'unavailable':
      return errors.unavailable;
    case 'network':
      return errors.network;
    case 'passkey':
      return errors.passkey;
    case 'internal':
      return errors.internal;
    case 'input':
      return describeInput(error.field, error.message);
  }
}

/** The server says in English what is wrong with a value. */
function describeInput(field: string, message: string): string {
  const known: Record<string, string | undefined> = texts.errors.inputs;
  // Links and codes: the server's text is for programs.
  if (language === 'en' && !/^(token|totp|code|recoveryCode|challenge|grant)$/.test(field)) return message;
  return known[field] ?? message;
}

/** What an operation of Apollo Client comes to, in the form of the client's own operations. */
export function toOutcome<T>(sent: Promise<{ data?: T | undefined }>): Promise<Outcome<T>> {
  return sent.then(
    ({ data }) => ({ ok: true, value: data as T }),
    (thrown: unknown) => ({ ok: false, error: readError(thrown) }),
  );
}

/** What was wrong with the last attempt, and whether one is under way. */
export function useAttempt() {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<SignetError>();
  async function attempt<T>(action: () => Promise<Outcome<T>>): Promise<T | undefined> {
    setBusy(true);
    setError(undefined);
    const outcome = await action();
    setBusy(false);
    if (outcome.ok) return outcome.value;
    setError(outcome.error);
    return undefined;
  }
  return { isBusy, error, setError, attempt };
}
