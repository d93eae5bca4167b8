import { describe, expect, it } from 'vitest';
import { addSeconds } from '../dates.ts';
import { planKeySteps } from './key-plan.ts';

const start = new Date('2026-01-01T00:00:00Z');
const at = (seconds: number) => addSeconds(start, seconds);
const policy = { publicationSeconds: 100, rotationSeconds: 1000 };
const base = { published_at: start, activated_at: null, retire_at: null, promote_at: null };
const active = { ...base, kid: 'one', state: 'active' as const, activated_at: start };
const next = { ...base, kid: 'two', state: 'next' as const };
const retiring = { ...base, kid: 'nil', state: 'retiring' as const, retire_at: at(500) };
const rotation = [
  { do: 'promote', kid: 'two', replacing: 'one' },
  { do: 'make', state: 'next' },
];

describe('the plan of a platform’s keys', () => {
  it('makes one that signs and one that waits where there is none', () => {
    expect(planKeySteps([], policy, start)).toEqual([
      { do: 'make', state: 'active' },
      { do: 'make', state: 'next' },
    ]);
  });

  it('makes one that waits beside one that signs', () => {
    expect(planKeySteps([active], policy, start)).toEqual([{ do: 'make', state: 'next' }]);
  });

  it('rotates when the interval is over, and not a millisecond before', () => {
    expect(planKeySteps([active, next], policy, at(999.999))).toEqual([]);
    expect(planKeySteps([active, next], policy, at(1000))).toEqual(rotation);
  });

  it('never rotates by itself with an interval of 0', () => {
    expect(planKeySteps([active, next], { ...policy, rotationSeconds: 0 }, at(1e9))).toEqual([]);
  });

  it('rotates when an operator asked for it, with and without an interval', () => {
    const asked = [active, { ...next, promote_at: at(200) }];
    for (const rotationSeconds of [0, 1000]) {
      expect(planKeySteps(asked, { ...policy, rotationSeconds }, at(199))).toEqual([]);
      expect(planKeySteps(asked, { ...policy, rotationSeconds }, at(200))).toEqual(rotation);
    }
  });

  it('lets no key sign before its publication time is over, however late the rotation is', () => {
    const late = { ...next, published_at: at(5000) };
    expect(planKeySteps([active, late], policy, at(5099))).toEqual([]);
    expect(planKeySteps([active, { ...late, promote_at: at(1) }], policy, at(5099))).toEqual([]);
    expect(planKeySteps([active, late], policy, at(5100))).toEqual(rotation);
  });

  it('retires a key at its deadline', () => {
    expect(planKeySteps([retiring, active, next], policy, at(499))).toEqual([]);
    expect(planKeySteps([retiring, active, next], policy, at(500))).toEqual([{ do: 'retire', kid: 'nil' }]);
  });
});
