import type { ClientNetwork } from '../throttle/client-networks.ts';
import type { RecentUse } from './recent-use.ts';

type Caller = readonly ClientNetwork[];

/** A bounded line in which whoever has used least of late comes first; among equals, who came first. */
export type WaitingLine<T> = {
  readonly length: number;
  /** Adds an item. Returns the one that has no room: the newest of the caller with the most, in use and waiting. */
  push(caller: Caller, item: T): T | undefined;
  take(): T | undefined;
  remove(item: T): void;
};

/**
 * Unlike turns between callers, this keeps a newcomer from waiting behind sixty addresses with an attempt each: they have had theirs,
 * so a newcomer has a place even in a full line, and comes next.
 */
export function createWaitingLine<T>(maxLength: number, use: RecentUse): WaitingLine<T> {
  const entries: { caller: Caller; item: T }[] = [];
  const waiting = new Map<string, number>();
  const count = (caller: Caller, change: 1 | -1) => {
    for (const { prefix } of caller) {
      const left = (waiting.get(prefix) ?? 0) + change;
      if (left > 0) waiting.set(prefix, left);
      else waiting.delete(prefix);
    }
  };
  const countWaiting = (caller: Caller) =>
    Math.max(...caller.map(({ prefix, share }) => (waiting.get(prefix) ?? 0) / share));
  const drop = (index: number) => {
    const [entry] = entries.splice(index, 1);
    if (entry) count(entry.caller, -1);
    return entry?.item;
  };
  return {
    get length() {
      return entries.length;
    },
    push(caller, item) {
      entries.push({ caller, item });
      count(caller, 1);
      if (entries.length <= maxLength) return undefined;
      const useOf = use.measure();
      const weights = entries.map((entry) => useOf(entry.caller) + countWaiting(entry.caller));
      return drop(weights.lastIndexOf(Math.max(...weights)));
    },
    take() {
      if (entries.length === 0) return undefined;
      const useOf = use.measure();
      const uses = entries.map((entry) => useOf(entry.caller));
      return drop(uses.indexOf(Math.min(...uses)));
    },
    remove(item) {
      const index = entries.findIndex((entry) => entry.item === item);
      if (index >= 0) drop(index);
    },
  };
}
