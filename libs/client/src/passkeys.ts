import type { Outcome } from './errors.ts';
import type { OperationName } from './operations.ts';
import type { Session } from './session.ts';

type PublicKeyCredentialStatic = {
  parseRequestOptionsFromJSON(options: object): object;
  parseCreationOptionsFromJSON(options: object): object;
  isConditionalMediationAvailable?(): Promise<boolean>;
};
type Browser = {
  PublicKeyCredential?: PublicKeyCredentialStatic;
  navigator?: {
    credentials?: Record<'get' | 'create', (options: object) => Promise<{ toJSON(): object } | null>>;
  };
};

const browser = globalThis as Browser;

/** Ends the request that waits in a form's autofill: a browser refuses another one beside it. */
let endAutofill: AbortController | undefined;

/** Whether this browser has passkeys, and reads their options as JSON. */
export function supportsPasskeys(): boolean {
  return browser.PublicKeyCredential?.parseRequestOptionsFromJSON !== undefined;
}

/** Whether it offers passkeys in the autofill of an input with `autocomplete="username webauthn"`. */
export async function supportsPasskeyAutofill(): Promise<boolean> {
  return (
    supportsPasskeys() && ((await browser.PublicKeyCredential?.isConditionalMediationAvailable?.()) ?? false)
  );
}

/**
 * Asks auth for options, and the browser for the answer to them (WebAuthn).
 *
 * @param more `mediation: 'conditional'` and `signal`
 */
export async function askForPasskey(
  session: Session,
  begin: OperationName,
  variables: object = {},
  more: { mediation?: 'conditional'; signal?: AbortSignal } = {},
): Promise<Outcome<object>> {
  const options = await session.ask<object>(begin, variables);
  if (!options.ok) return options;
  const isNew = /Registration|Enrollment/.test(begin);
  try {
    const { PublicKeyCredential, navigator } = browser;
    const publicKey = isNew
      ? PublicKeyCredential?.parseCreationOptionsFromJSON(options.value)
      : PublicKeyCredential?.parseRequestOptionsFromJSON(options.value);
    endAutofill?.abort();
    endAutofill = more.mediation && new AbortController();
    const signal = endAutofill
      ? AbortSignal.any([endAutofill.signal, ...(more.signal ? [more.signal] : [])])
      : more.signal;
    const credential = await navigator?.credentials?.[isNew ? 'create' : 'get']({
      publicKey,
      ...more,
      ...(signal && { signal }),
    });
    if (credential) return { ok: true, value: credential.toJSON() };
    return fail('The browser gave no passkey.');
  } catch (error) {
    return fail((error as Error).message, (error as Error).name);
  }
}

/** `reason` is the name of the browser's exception: `NotAllowedError` where a person said no, `AbortError` for a signal. */
function fail(message: string, reason = 'NotSupportedError'): Outcome<never> {
  return { ok: false, error: { kind: 'passkey', reason, message } };
}
