import { expect, test } from 'vitest';
import {
  ada,
  createFakeEntrance,
  payload,
  refusal,
  tokenOf,
} from '../../../libs/client/src/fake-entrance.test-support.ts';
import { createAccountSignal } from './account-signal.ts';

const entrance = createFakeEntrance();
const assign = 'mutation { assign { id } }';

async function signInAsAda(seconds = 600) {
  entrance.answers.signIn = () => payload(tokenOf('ada'), seconds);
  const client = entrance.makeClient();
  await client.signIn(ada);
  entrance.answers.signIn = () => payload(tokenOf('grace'));
  return { client, signalOf: createAccountSignal(client) };
}

test('a press that sends two operations sends none as somebody who has signed in between them', async () => {
  const { client, signalOf } = await signInAsAda();
  const signal = signalOf();
  expect((await client.request(assign, {}, { signal })).data).not.toBeNull();
  await client.signIn(ada);
  expect((await client.request(assign, {}, { signal })).data).toBeNull();
  expect(signal.aborted).toBe(true);
  expect(entrance.count('me')).toBe(1);
  expect((await client.request(assign, {}, { signal: signalOf() })).data).not.toBeNull();
});

test('an operation that waits for a token is not sent with that of somebody else', async () => {
  const { client, signalOf } = await signInAsAda(0);
  const given = Promise.withResolvers<Response>();
  entrance.answers.refresh = () => given.promise;
  const asked = client.request(assign, {}, { signal: signalOf() });
  await expect.poll(() => entrance.count('refresh')).toBe(1);
  given.resolve(payload(tokenOf('grace')));
  expect((await asked).data).toBeNull();
  expect(entrance.count('me')).toBe(0);
});

test('the same person, whose session was over meanwhile, goes on', async () => {
  const { client, signalOf } = await signInAsAda();
  const signal = signalOf();
  entrance.answers.me = () => refusal('auth.failure.revoked');
  await client.request(assign, {}, { signal });
  expect(client.session.current().status).toBe('signed-out');
  delete entrance.answers.me;
  entrance.answers.signIn = () => payload(tokenOf('ada'));
  await client.signIn(ada);
  expect((await client.request(assign, {}, { signal })).data).not.toBeNull();
});
