import { type Account, createSignetClient, type SignetError } from '@signet/client';
import { textOfReason, texts } from '../texts/index.ts';
import { createAccountSignal } from './account-signal.ts';
import { askForStepUp } from './step-up.ts';

/** The page and the entrance `portal` have one origin. */
export const signet = createSignetClient({
  url: '/graphql',
  platform: 'portal',
  headers: { 'graphql-client-name': 'signet-console' },
  onStepUp: askForStepUp,
});

/** For what is done as whoever is signed in now: take it once for a press that sends several operations, and give it to each. */
export const accountSignal = createAccountSignal(signet);

/** Of what was not done, since somebody else has signed in meanwhile. */
export const anotherAccount: SignetError = {
  kind: 'internal',
  reason: 'client.another_account',
  message: 'Somebody else has signed in.',
};

/** Whose data is on the screen: also another role of the same person begins anew. */
export function ownerOf({ id, role, scopes }: Account): string {
  return [id, role, ...scopes].join(' ');
}

/** The server does not know an operation that this console was built with, or it is not on its list of trusted documents. */
export function isForeignContract({ reason }: SignetError): boolean {
  return /^(GRAPHQL_VALIDATION_FAILED|PERSISTED_QUERY_\w+|request\.document)$/.test(reason);
}

/** What a person reads of an error. */
export function describeError(error: SignetError): string {
  const { errors } = texts;
  switch (error.kind) {
    case 'credentials':
      return errors.credentials;
    case 'throttled':
      return errors.throttled(error.retryAfterSeconds);
    case 'unavailable':
      return errors.unavailable;
    case 'network':
      return errors.network;
    case 'forbidden':
      // It may be the role, or that something is not configured here: the API says which.
      return error.reason === 'authz.permission.deny'
        ? textOfReason(error.reason, error.message)
        : errors.forbidden;
    case 'step-up':
      return texts.stepUp.why;
    case 'signed-out':
      return texts.session.ended;
    case 'passkey':
      return errors.passkey;
    case 'input':
      if (/^(totp|recoveryCode|code)$/.test(error.field)) return errors.code;
      if (error.field === 'challenge') return errors.challengeOver;
      return textOfReason(error.reason, error.message);
    case 'not-found':
      return textOfReason(error.reason, error.message);
    default:
      if (error.reason === anotherAccount.reason) return errors.anotherAccount;
      return isForeignContract(error) ? errors.upgraded : errors.internal;
  }
}
