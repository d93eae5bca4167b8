import { setTimeout } from 'node:timers/promises';
import { createSigningKeys } from '@signet/testing';
import type { IdentityProvider } from '@signet/testing/identity-provider';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { mailSettings } from '../testing/mails.test-support.ts';
import { openAccessTokens } from './access-tokens.test-support.ts';
import type { HeldSecret, OpenCorner, Place } from './confusions.test-support.ts';
import { openFactorSecrets } from './factor-secrets.test-support.ts';
import { openImpersonationGrants } from './impersonation-grants.test-support.ts';
import { openMailTokens } from './mail-tokens.test-support.ts';
import { openNewcomers } from './newcomers.test-support.ts';
import { openServices } from './services.test-support.ts';
import { openUpstream, startConfusedProvider } from './upstream.test-support.ts';

/** Who adds a kind of token, or a place that takes one, adds a corner here or a line in one of these. */
const corners: readonly OpenCorner[] = [
  openAccessTokens,
  (auth) => openMailTokens(auth, 'user'),
  (auth) => openMailTokens(auth, 'portal'),
  (auth) => openFactorSecrets(auth, 'user'),
  (auth) => openFactorSecrets(auth, 'portal'),
  openNewcomers,
  (auth) => openUpstream(auth, idp),
  openImpersonationGrants,
  openServices,
];

let auth: TestAuth;
let idp: IdentityProvider;
let secrets: readonly HeldSecret[];
let places: ReadonlyMap<string, Place>;
beforeAll(async () => {
  const keys = await createSigningKeys();
  const upstream = await startConfusedProvider();
  ({ idp } = upstream);
  const settings = {
    ...mailSettings,
    ...keys.variables,
    ...upstream.settings,
    PORTAL_REMEMBER_DEVICE_DAYS: '7',
    CLIENT_SECRETS: 'yes',
  };
  auth = await startTestAuth(settings, { maxQueuedPasswords: 400 });
  const opened = await Promise.all(corners.map((open) => open(auth, keys)));
  secrets = opened.flatMap((corner) => corner.secrets);
  places = new Map(opened.flatMap((corner) => corner.places).map((place) => [place.name, place]));
});
afterAll(async () => {
  await auth?.stop();
  await idp?.stop();
});

test('every secret is another text, and names places that there are', () => {
  expect(new Set(secrets.map(({ text }) => text)).size).toBe(secrets.length);
  expect(secrets.filter(({ text }) => text.length < 10)).toEqual([]);
  expect(secrets.flatMap(({ fits }) => fits).filter((name) => !places.has(name))).toEqual([]);
  const taken = new Set(secrets.flatMap(({ fits }) => fits));
  expect([...places.keys()].filter((name) => !taken.has(name))).toEqual([]);
});

test('no place takes a secret that is meant for another one, whatever it is', {
  timeout: 120_000,
}, async () => {
  const faults: string[] = [];
  let tried = 0;
  const tryAll = async (place: Place) => {
    for (const { kind, text } of secrets.filter(({ fits }) => !fits.includes(place.name))) {
      const reason = await presentWhereThereIsRoom(place, text);
      tried += 1;
      if (reason === undefined || !place.refusal.test(reason)) {
        faults.push(`${kind} at ${place.name}: ${reason ?? 'taken'}`);
      }
    }
  };
  const left = [...places.values()];
  const tryNext = async () => {
    for (let place = left.shift(); place; place = left.shift()) await tryAll(place);
  };
  await Promise.all(Array.from({ length: 8 }, tryNext));
  expect(faults).toEqual([]);
  expect(tried).toBe(places.size * secrets.length - secrets.flatMap(({ fits }) => fits).length);
});

/** A busy machine makes auth answer that it has no room: that judges no secret, so it is asked again. */
async function presentWhereThereIsRoom(place: Place, text: string): Promise<string | undefined> {
  for (let attempt = 1; ; attempt++) {
    const reason = await place.present(text);
    if (attempt === 10 || !/^(auth\.unavailable|temporarily_unavailable)$/.test(reason ?? '')) return reason;
    await setTimeout(200);
  }
}

test('after all these tries, each secret is still good where it belongs', async () => {
  const faults: string[] = [];
  for (const { kind, text, fits } of secrets) {
    for (const name of fits) {
      const reason = await places.get(name)?.present(text);
      if (reason !== undefined) faults.push(`${kind} at ${name}: ${reason}`);
    }
  }
  expect(faults).toEqual([]);
});
