import { describe, expect, test } from 'vitest';
import { AnswerBudget, HeldAnswers, NoRoomForAnswerError, PlaceCounter } from './held-answers.ts';

const kb = 1024;
const mb = 1024 * kb;

describe('the answers of an operation', () => {
  test('take no room while they are small, so that no other caller can keep them out', () => {
    const budget = new AnswerBudget(mb);
    budget.take('another', mb / 2);
    const held = new HeldAnswers(budget, 'a');
    expect([held.add(40 * kb), held.add(20 * kb)]).toEqual([undefined, undefined]);
    expect(budget.heldBytes).toBe(mb / 2);
    held.end();
    expect(budget.heldBytes).toBe(mb / 2);
  });

  test('count together and from their first byte once they are not', () => {
    const budget = new AnswerBudget(mb);
    const held = new HeldAnswers(budget, 'a');
    for (const _ of [1, 2, 3]) expect(held.add(60 * kb)).toBeUndefined();
    expect(budget.heldBytes).toBe(180 * kb);
    held.remove(60 * kb);
    expect(budget.heldBytes).toBe(120 * kb);
    held.remove(60 * kb);
    expect(budget.heldBytes).toBe(0);
    expect(held.add(60 * kb)).toBeUndefined();
    expect(budget.heldBytes).toBe(120 * kb);
    held.end();
    expect(budget.heldBytes).toBe(0);
  });

  test('are refused beyond half of the budget for one caller, and another one has room', () => {
    const budget = new AnswerBudget(mb);
    const [first, second, other] = ['a', 'a', 'b'].map((caller) => new HeldAnswers(budget, caller));
    expect(first?.add(400 * kb)).toBeUndefined();
    expect(second?.add(200 * kb)).toBeInstanceOf(NoRoomForAnswerError);
    second?.remove(200 * kb);
    expect(budget.heldBytes).toBe(400 * kb);
    expect(other?.add(200 * kb)).toBeUndefined();
    first?.end();
    expect(second?.add(200 * kb)).toBeUndefined();
    second?.end();
    other?.end();
    expect(budget.heldBytes).toBe(0);
  });

  test('take nothing more after the operation has ended', () => {
    const budget = new AnswerBudget(mb);
    const held = new HeldAnswers(budget, 'a');
    held.end();
    expect(held.add(100 * kb)).toBeInstanceOf(NoRoomForAnswerError);
    held.remove(100 * kb);
    expect(budget.heldBytes).toBe(0);
  });
});

test.each([
  ['{}', 1],
  ['[[],[]]', 4],
  ['{"a":[1,2],"b":{"c":null}}', 8],
  [String.raw`["{,:[", "\"{,", "\\", "\\\"[", 1]`, 5],
  [String.raw`{"12":{"\u0033":1, "1" :1},"a":"1","":"2"}`, 10 + 3 * 8],
  [String.raw`{"a\"1":1}`, 2],
  ['["an end that is missing', 1],
  [String.raw`["\ `.trim(), 1],
])('counts the places of %s, in whatever parts it comes', (json, places) => {
  const bytes = Buffer.from(json);
  for (let end = 0; end <= bytes.length; end += 1) {
    const counter = new PlaceCounter();
    expect(counter.count(bytes.subarray(0, end)) + counter.count(bytes.subarray(end))).toBe(places);
  }
});
