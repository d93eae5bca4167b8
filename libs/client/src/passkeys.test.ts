import { beforeEach, expect, test, vi } from 'vitest';
import { createFakeEntrance, payload, refusal, stubDocument, tokenOf } from './fake-entrance.test-support.ts';

const entrance = createFakeEntrance();
let document: ReturnType<typeof stubDocument>;
/** The requests that the browser shows, with what a person does: chooses a passkey, or says no. */
let shown: { options: { challenge: string }; signal: AbortSignal | undefined; choose(): void }[];
let challenges: number;

beforeEach(() => {
  document = stubDocument();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  shown = [];
  challenges = 0;
  vi.stubGlobal('PublicKeyCredential', undefined);
  entrance.answers.beginPasskeySignIn = () => {
    challenges += 1;
    return Response.json({ data: { result: { challenge: `challenge ${challenges}`, timeout: 300_000 } } });
  };
  entrance.answers.finishPasskeySignIn = () => payload(tokenOf('ada'));
});

/** `passkeys.ts` reads these from its own `globalThis`, once it is asked. */
function stubPasskeys(): void {
  vi.stubGlobal('PublicKeyCredential', { parseRequestOptionsFromJSON: (options: object) => options });
  const { locks } = navigator;
  vi.stubGlobal('navigator', {
    locks,
    credentials: {
      get: ({ publicKey, signal }: { publicKey: { challenge: string }; signal?: AbortSignal }) =>
        new Promise((resolve, reject) => {
          const fail = () => reject(new DOMException('ended', 'AbortError'));
          if (signal?.aborted) return fail();
          signal?.addEventListener('abort', fail);
          const choose = () => resolve({ toJSON: () => ({ answers: publicKey.challenge }) });
          shown.push({ options: publicKey, signal, choose });
        }),
    },
  });
}
const challengeSent = () => JSON.parse(String(entrance.sent.at(-1)?.init.body)).variables.input.passkey;
const turn = (visibilityState: string) => {
  document.visibilityState = visibilityState;
  document.dispatchEvent(new Event('visibilitychange'));
};
/** Timers are faked: what is left is waiting for answers. */
const settle = async (isDone: () => boolean) => {
  for (let n = 0; n < 200 && !isDone(); n += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(isDone()).toBe(true);
};

test('the challenge behind autofill is replaced before it ends, and the person chooses an hour later', async () => {
  stubPasskeys();
  const client = entrance.makeClient();
  const signingIn = client.passkeys.signIn({ autofill: true });
  for (let n = 1; n <= 13; n += 1) {
    await settle(() => shown.length === n);
    if (n < 13) await vi.advanceTimersByTimeAsync(270_000);
  }
  expect(shown.slice(0, -1).every(({ signal }) => signal?.aborted)).toBe(true);
  shown.at(-1)?.choose();
  expect(await signingIn).toMatchObject({ ok: true });
  expect(challengeSent()).toEqual({ answers: 'challenge 13' });
});

test('a page in the background asks for none, and for one when it is looked at again', async () => {
  stubPasskeys();
  const client = entrance.makeClient();
  const controller = new AbortController();
  const signingIn = client.passkeys.signIn({ autofill: true, signal: controller.signal });
  await settle(() => shown.length === 1);
  turn('hidden');
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(challenges).toBe(1);
  turn('visible');
  await settle(() => shown.length === 2);
  controller.abort();
  expect(await signingIn).toMatchObject({ ok: false, error: { kind: 'passkey', reason: 'AbortError' } });
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(challenges).toBe(2);
});

test('where auth is away at that time, it is asked again later; at the beginning the error is the answer', async () => {
  stubPasskeys();
  const client = entrance.makeClient();
  const signingIn = client.passkeys.signIn({ autofill: true });
  await settle(() => shown.length === 1);
  const begin = entrance.answers.beginPasskeySignIn ?? expect.fail();
  entrance.answers.beginPasskeySignIn = () => refusal('auth.unavailable', 503);
  await vi.advanceTimersByTimeAsync(270_000);
  await settle(() => entrance.count('beginPasskeySignIn') === 2);
  expect(await client.passkeys.signIn({ autofill: true })).toMatchObject({ error: { kind: 'unavailable' } });
  entrance.answers.beginPasskeySignIn = begin;
  await vi.advanceTimersByTimeAsync(30_000);
  await settle(() => shown.length === 2);
  shown[1]?.choose();
  expect(await signingIn).toMatchObject({ ok: true });
});

test('a passkey that is asked for by a button ends the wait of the form', async () => {
  stubPasskeys();
  const client = entrance.makeClient();
  const waiting = client.passkeys.signIn({ autofill: true });
  await settle(() => shown.length === 1);
  const asking = client.passkeys.signIn();
  await settle(() => shown.length === 2);
  expect(await waiting).toMatchObject({ ok: false, error: { reason: 'AbortError' } });
  shown[1]?.choose();
  expect(await asking).toMatchObject({ ok: true });
});
