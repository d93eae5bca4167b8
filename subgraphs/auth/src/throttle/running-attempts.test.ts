import { describe, expect, it } from 'vitest';
import { createRunningAttempts } from './running-attempts.ts';

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
});
