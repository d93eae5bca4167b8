import { setTimeout as sleep } from 'node:timers/promises';
import { emails, password, startAuthProcess } from '../support/start-auth.ts';
import type { AbuseResult, HonestShare } from './abuse-result.ts';
import { createSignInClient } from './sign-in-client.ts';

/** As in production: `startAuthProcess` takes the limits off. */
const limits = {
  THROTTLE_PAIR_FAILURES: '5',
  THROTTLE_ACCOUNT_FAILURES: '50',
  THROTTLE_ADDRESS_FAILURES: '100',
};
const allowedKnownMs = 2000;
/** On a machine that has more to do: sign-ins as long as one before the attack. */
const comparesOfKnown = 6;
const honestEveryMs = 1000;
const pollEveryMs = 100;

type Attackers = { name: string; count: number; emailOf(attacker: number, attempt: number): string };

/** Sixty addresses with one random e-mail each: more lanes than the queue has places. */
export function sixtyAddresses(seconds: number): Promise<AbuseResult> {
  return measure(seconds, {
    name: 'sixty addresses with a random e-mail each',
    count: 60,
    emailOf: (attacker) => `nobody-${attacker}@example.com`,
  });
}

/** The same with another e-mail each time: the pauses of an account hold none of them back. */
export function sixtyAddressesAnew(seconds: number): Promise<AbuseResult> {
  return measure(seconds, {
    name: 'sixty addresses with another e-mail each time',
    count: 60,
    emailOf: (attacker, attempt) => `nobody-${attacker}-${attempt}@example.com`,
  });
}

/** Fourteen addresses that all try one customer. */
export function oneCustomer(seconds: number): Promise<AbuseResult> {
  return measure(seconds, {
    name: 'fourteen addresses against one customer',
    count: 14,
    emailOf: () => emails.active,
  });
}

/**
 * Attackers try as fast as they can, and every 100 ms while they are refused at once. Meanwhile the customer signs in each second from a
 * device that is known and a new address; and people who have never been here try each second until they are in.
 */
async function measure(seconds: number, { name, count, emailOf }: Attackers): Promise<AbuseResult> {
  const auth = await startAuthProcess(limits);
  const { signIn } = createSignInClient(auth.url);
  const honest = { email: emails.active, password };
  try {
    await signIn(honest, { address: '203.0.113.1' }); // The first one starts a thread.
    const home = await signIn(honest, { address: '203.0.113.1' });
    const end = performance.now() + seconds * 1000;
    const isOver = () => performance.now() >= end;
    const attempts = { answered: 0, throttled: 0 };
    const attack = async (attacker: number) => {
      for (let attempt = 0; !isOver(); attempt++) {
        const input = { email: emailOf(attacker, attempt), password: `${password}!` };
        const { reason, ms } = await signIn(input, { address: `192.0.2.${attacker}` });
        attempts[reason === 'auth.throttled' ? 'throttled' : 'answered'] += 1;
        if (ms < pollEveryMs) await sleep(pollEveryMs - ms);
      }
    };
    let nextAddress = 0;
    const newAddress = () => {
      nextAddress += 1;
      return `198.51.${100 + (nextAddress >> 8)}.${nextAddress & 255}`;
    };
    const useKnownDevice = async (): Promise<HonestShare> => {
      const times: number[] = [];
      let isIn = 0;
      while (!isOver()) {
        const outcome = await signIn({ ...honest, deviceToken: home.deviceToken }, { address: newAddress() });
        times.push(outcome.ms);
        if (outcome.isIn) isIn += 1;
        await sleep(Math.max(0, honestEveryMs - outcome.ms));
      }
      return { who: 'known device', in: isIn, tried: times.length, times };
    };
    const comeAnew = async (): Promise<HonestShare> => {
      const times: number[] = [];
      let isIn = 0;
      while (!isOver()) {
        const [address, start] = [newAddress(), performance.now()];
        let outcome = await signIn(honest, { address });
        while (!outcome.isIn && !isOver()) {
          await sleep(honestEveryMs);
          outcome = await signIn(honest, { address });
        }
        times.push(performance.now() - start);
        if (outcome.isIn) isIn += 1;
        await sleep(honestEveryMs);
      }
      return { who: 'new device, until it is in', in: isIn, tried: times.length, times };
    };
    const attackers = Array.from({ length: count }, (_, attacker) => attack(attacker));
    const [known, fresh] = await Promise.all([useKnownDevice(), comeAnew()]);
    await Promise.all(attackers);
    const allowedMs = Math.max(allowedKnownMs, comparesOfKnown * home.ms);
    // Each network that has had nothing yet may come first (docs/sign-in-limits.md).
    const allowedNewMs = (count + comparesOfKnown) * home.ms + honestEveryMs;
    return {
      attack: `${name}: ${attempts.answered} answered as wrong, ${attempts.throttled} refused`,
      shares: [known, fresh],
      notes: [
        `one sign-in before: ${home.ms.toFixed(0)} ms; allowed now: ${allowedMs.toFixed(0)} ms, new devices ${allowedNewMs.toFixed(0)} ms`,
      ],
      holds:
        known.in === known.tried &&
        Math.max(...known.times) <= allowedMs &&
        fresh.in > 0 &&
        Math.max(...fresh.times) <= allowedNewMs,
    };
  } finally {
    await auth.stop();
  }
}
