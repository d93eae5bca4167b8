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
  return supportsPasskeys() && !!(await browser.PublicKeyCredential?.isConditionalMediationAvailable?.());
}

/** Asks auth for options, and the browser for the answer to them (WebAuthn). */
export async function askForPasskey(
  session: Session,
  begin: OperationName,
  variables: object = {},
  signal?: AbortSignal,
): Promise<Outcome<object>> {
  const options = await session.ask<object>(begin, variables);
  if (!options.ok) return options;
  endAutofill?.abort();
  return getPasskey(options.value, /Registration|Enrollment/.test(begin), { signal });
}

/**
 * Waits until a person chooses a passkey in a form's autofill. The challenge behind it lives for minutes only, so it is replaced before it
 * ends, while the page is looked at. Where auth cannot be asked for another one, it is asked again later.
 */
export async function waitForAutofill(session: Session, signal?: AbortSignal): Promise<Outcome<object>> {
  for (let isFirst = true; ; isFirst = false) {
    const options = await session.ask<{ timeout: number }>('beginPasskeySignIn');
    if (!options.ok && isFirst) return options;
    endAutofill?.abort();
    const end = new AbortController();
    endAutofill = end;
    signal?.addEventListener('abort', () => end.abort(), { signal: end.signal });
    if (signal?.aborted) end.abort();
    const ms = options.ok ? options.value.timeout * 0.9 : 30_000;
    const timer = setTimeout(() => end.abort(timer), ms);
    if (!options.ok && !end.signal.aborted) await happens(end.signal, 'abort');
    const outcome = options.ok
      ? await getPasskey(options.value, false, { mediation: 'conditional', signal: end.signal })
      : options;
    clearTimeout(timer);
    if (end.signal.reason !== timer) return outcome;
    const page = (globalThis as { document?: { visibilityState: string } & EventTarget }).document;
    while (page?.visibilityState === 'hidden') await happens(page, 'visibilitychange');
  }
}

function happens(target: EventTarget, type: string): Promise<unknown> {
  return new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));
}

async function getPasskey(options: object, isNew: boolean, more: object): Promise<Outcome<object>> {
  try {
    const { PublicKeyCredential, navigator } = browser;
    const publicKey = isNew
      ? PublicKeyCredential?.parseCreationOptionsFromJSON(options)
      : PublicKeyCredential?.parseRequestOptionsFromJSON(options);
    const credential = await navigator?.credentials?.[isNew ? 'create' : 'get']({ publicKey, ...more });
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
