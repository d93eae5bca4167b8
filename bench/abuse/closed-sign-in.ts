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
 * device that is known and a new address, and from an address and a device that nobody has seen.
 */
async function measure(seconds: number, { name, count, emailOf }: Attackers): Promise<AbuseResult> {
  const auth = await startAuthProcess(limits);
  const { signIn } = createSignInClient(auth.url);
  const honest = { email: emails.active, password };
  try {
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
    const signInEachSecond = async (who: string, deviceToken?: string): Promise<HonestShare> => {
      const times: number[] = [];
      let isIn = 0;
      while (!isOver()) {
        nextAddress += 1;
        const address = `198.51.${100 + (nextAddress >> 8)}.${nextAddress & 255}`;
        const outcome = await signIn({ ...honest, deviceToken }, { address });
        times.push(outcome.ms);
        if (outcome.isIn) isIn += 1;
        await sleep(Math.max(0, honestEveryMs - outcome.ms));
      }
      return { who, in: isIn, tried: times.length, times };
    };
    const attackers = Array.from({ length: count }, (_, attacker) => attack(attacker));
    const shares = await Promise.all([
      signInEachSecond('known device', home.deviceToken),
      signInEachSecond('new device'),
    ]);
    await Promise.all(attackers);
    const [known, fresh] = shares as [HonestShare, HonestShare];
    return {
      attack: `${name}: ${attempts.answered} answered as wrong, ${attempts.throttled} refused`,
      shares,
      holds:
        known.in === known.tried && Math.max(...known.times) < allowedKnownMs && fresh.in === fresh.tried,
    };
  } finally {
    await auth.stop();
  }
}
