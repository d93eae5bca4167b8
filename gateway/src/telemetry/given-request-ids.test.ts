import { createRequestId } from '@signet/service';
import { describe, expect, it } from 'vitest';
import { createRequestNaming } from './given-request-ids.ts';

const uuid7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7/;

function create() {
  const clock = { ms: Date.now() };
  const lines: Record<string, unknown>[] = [];
  const name = createRequestNaming({
    logger: { warn: (...said: unknown[]) => void lines.push({ ...(said[0] as object), text: said[1] }) },
    isTrustedProxy: (address) => address === '10.0.0.2',
    now: () => clock.ms,
  });
  const of = (id: string | undefined, remoteAddress = '10.0.0.2') =>
    name({ headers: { 'x-request-id': id }, socket: { remoteAddress } } as never);
  return { of, lines, clock };
}

describe('an id that a trusted proxy gives', () => {
  it('names one request: a second one with it gets an id of its own, which the log says with both', () => {
    const { of, lines, clock } = create();
    expect(of('edge-1')).toBe('edge-1');
    expect(of('edge-2')).toBe('edge-2');
    const others = [of('edge-1'), of('edge-1'), of('edge-2')];
    for (const other of others) expect(other).toMatch(uuid7);
    expect(new Set(others).size).toBe(3);
    expect(lines).toMatchObject([{ proxy: '10.0.0.2', given: 'edge-1', requestId: others[0], requests: 1 }]);
    clock.ms += 60_000;
    expect(of('edge-1')).toMatch(uuid7);
    expect(lines.slice(1)).toMatchObject([{ given: 'edge-1', requests: 3 }]);
  });

  it('is not one that an entrance has made before, at whichever replica', () => {
    const { of, lines, clock } = create();
    const id = createRequestId(clock.ms - 61_000);
    expect(of(id)).not.toBe(id);
    expect(lines).toMatchObject([{ given: id }]);
    const ofNow = of(undefined);
    expect(of(ofNow)).not.toBe(ofNow);
    // A proxy may make ids of the same form.
    const fresh = createRequestId(clock.ms - 1000);
    expect(of(fresh)).toBe(fresh);
    const ofOtherForm = crypto.randomUUID();
    expect(of(ofOtherForm)).toBe(ofOtherForm);
  });

  it('is remembered while some ten thousand others come, and is not taken for one of them', () => {
    const { of } = create();
    const ids = Array.from({ length: 10_000 }, (_, index) => `edge-${index}`);
    expect(ids.filter((id) => of(id) !== id)).toEqual([]);
    const repeated = ids.filter((id) => of(id) === id);
    // One place in 13 has been taken by another id since.
    expect(repeated.length).toBeLessThan(2000);
    expect(of(ids.at(-1))).toMatch(uuid7);
  });
});

it('believes nobody else, and no other form', () => {
  const { of, lines } = create();
  expect(of('edge-1', '10.0.0.3')).toMatch(uuid7);
  for (const id of [undefined, '', 'a b', 'a'.repeat(65)]) expect(of(id)).toMatch(uuid7);
  expect(lines).toEqual([]);
});
