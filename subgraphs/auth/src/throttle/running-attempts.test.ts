import { RefusalError } from '@signet/service';
import { describe, expect, it } from 'vitest';
import { createRunningAttempts, startOrWait } from './running-attempts.ts';

/** Settled within the turn of the event loop, or not. */
async function outcomeOf<T>(promise: Promise<T>): Promise<T | 'waits'> {
  return Promise.race([promise, new Promise<'waits'>((resolve) => setImmediate(resolve, 'waits'))]);
}

describe('an attempt that came too soon', () => {
  it('waits for none where none runs', async () => {
    expect(await createRunningAttempts().waitForCleared('a')).toBe(false);
  });

  it('goes on when the first one is cleared', async () => {
    const running = createRunningAttempts();
    const [one] = [running.begin('a'), running.begin('a')];
    const waiting = running.waitForCleared('a');
    expect(await outcomeOf(waiting)).toBe('waits');
    one?.(true);
    expect(await outcomeOf(waiting)).toBe(true);
  });

  it('stops waiting when all have failed, and not before; an end counts once', async () => {
    const running = createRunningAttempts();
    const [one, two] = [running.begin('a'), running.begin('a')];
    const waiting = running.waitForCleared('a');
    one(false);
    one(false);
    expect(await outcomeOf(waiting)).toBe('waits');
    two(false);
    expect(await outcomeOf(waiting)).toBe(false);
  });

  it('waits for no other key', async () => {
    const running = createRunningAttempts();
    running.begin('a');
    expect(await outcomeOf(running.waitForCleared('b'))).toBe(false);
  });

  it('does not wait where twenty do', async () => {
    const running = createRunningAttempts();
    const end = running.begin('a');
    const waiting = Array.from({ length: 20 }, () => running.waitForCleared('a'));
    expect(await outcomeOf(running.waitForCleared('a'))).toBe(false);
    end(true);
    expect(await Promise.all(waiting)).toEqual(Array(20).fill(true));
  });

  it('is counted again when one is cleared, whether it was refused with a word or without', async () => {
    const running = createRunningAttempts();
    const first = running.begin('a');
    const refused = [
      startOrWait(running, 'a', answers(undefined, 'second')),
      startOrWait(running, 'a', answers(new RefusalError('auth.throttled'), 'second')),
    ];
    for (const attempt of refused) expect(await outcomeOf(attempt)).toBe('waits');
    first(true);
    expect(await Promise.all(refused)).toEqual(['second', 'second']);
  });

  it('is refused as it was when none is cleared', async () => {
    const running = createRunningAttempts();
    const first = running.begin('a');
    const silent = startOrWait(running, 'a', answers(undefined, 'second'));
    const told = startOrWait(running, 'a', answers(new RefusalError('auth.throttled'), 'second'));
    first(false);
    expect(await silent).toBeUndefined();
    await expect(told).rejects.toThrow(RefusalError);
  });

  it('does not wait after a fault of the store, and holds up nobody', async () => {
    const running = createRunningAttempts();
    const other = running.begin('a');
    await expect(startOrWait(running, 'a', answers(new Error('gone')))).rejects.toThrow('gone');
    other(false);
    expect(await running.waitForCleared('a')).toBe(false);
  });
});

/** One after the other; an error is thrown. */
function answers(...all: (string | Error | undefined)[]) {
  return async () => {
    const answer = all.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
}
