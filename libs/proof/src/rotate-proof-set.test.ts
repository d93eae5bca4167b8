import { describe, expect, test } from 'vitest';
import type { ProofSet } from './key-files.ts';
import { aMessage, withHeaders } from './proof.test-support.ts';
import type { ProofIdentity } from './proof.ts';
import { createProofIdentity } from './proof-identity.ts';
import {
  addSubgraph,
  createProofSet,
  minStepSeconds,
  proofMembers,
  RotationError,
  replaceKeys,
  rotateProofSet,
  rotationSteps,
} from './proof-set.ts';

const start = Date.UTC(2026, 0, 1);
const names = ['gateway-user', 'portal', 'auth'];
const createSet = () => createProofSet(proofMembers.filter(({ name }) => names.includes(name)));
const after = (steps: number) => new Date(start + steps * minStepSeconds * 1000);

/** What a process may know while files change: either of its two may have been reread, or not. */
function openMixtures(name: string, sets: readonly ProofSet[]): (ProofIdentity | undefined)[] {
  return sets.flatMap(({ keyFiles }) =>
    sets.map(({ peers }) => {
      const keys = keyFiles[name] ?? { name, keys: [] };
      try {
        return createProofIdentity({ name, keys, peers, now: () => start });
      } catch {
        return undefined;
      }
    }),
  );
}

/** Of the requests from every gateway to every subgraph, whichever of the sets each of them has read of either file. */
function countRefused(sets: readonly ProofSet[]): number {
  let refused = 0;
  for (const recipient of ['portal', 'auth']) {
    for (const gateway of openMixtures('gateway-user', sets)) {
      for (const subgraph of openMixtures(recipient, sets)) {
        try {
          const headers = gateway?.signer.sign(recipient, aMessage);
          if (!headers || !subgraph) throw new Error('It did not start.');
          subgraph.verifier.verify(withHeaders(aMessage, headers));
        } catch {
          refused++;
        }
      }
    }
  }
  return refused;
}

describe.each([
  ['the gateway', ['gateway-user']],
  ['a subgraph', ['portal']],
  ['everybody at once', names],
])('rotating the keys of %s', (_title, rotated) => {
  test('refuses nothing at any step, whoever has read which of its files', () => {
    let set = createSet();
    const first = set;
    for (const [index, step] of [...rotationSteps, ...rotationSteps].entries()) {
      const next = rotateProofSet(set, step, { names: rotated, now: after(index) });
      expect({ step, refused: countRefused([set, next]) }).toEqual({ step, refused: 0 });
      set = next;
    }
    for (const name of names) {
      const [key, ...others] = set.keyFiles[name]?.keys ?? [];
      expect(others).toEqual([]);
      expect(key?.x === first.keyFiles[name]?.keys[0]?.x).toBe(!rotated.includes(name));
    }
  });
});

test('a step left out would refuse requests: the order is what holds', () => {
  const set = createSet();
  const published = rotateProofSet(set, 'publish', { names: ['portal'], now: after(0) });
  const switched = rotateProofSet(published, 'switch', { names: ['portal'], now: after(1) });
  expect(countRefused([set, switched])).toBeGreaterThan(0);
  expect(
    countRefused([published, rotateProofSet(switched, 'remove', { names: ['portal'], now: after(2) })]),
  ).toBeGreaterThan(0);
  expect(countRefused([set, replaceKeys(set, ['portal'])])).toBeGreaterThan(0);
});

test('takes no step before every process can have read the one before', () => {
  const published = rotateProofSet(createSet(), 'publish', { names, now: after(0) });
  const early = new Date(after(1).getTime() - 1);
  expect(() => rotateProofSet(published, 'switch', { names, now: early })).toThrow(
    'portal: switch must wait until 2026-01-01T00:01:00Z',
  );
  expect(() => rotateProofSet(published, 'switch', { names, now: after(1) })).not.toThrow();
});

test('takes no step out of its order', () => {
  const set = createSet();
  const faultOf = (of: ProofSet, step: (typeof rotationSteps)[number], at: number) => {
    try {
      return rotateProofSet(of, step, { names: ['portal', 'nobody'], now: after(at) });
    } catch (error) {
      return error instanceof RotationError && error.faults;
    }
  };
  expect(faultOf(set, 'switch', 1)).toEqual([
    'portal: its next step is publish, not switch',
    'nobody: is not in this set',
  ]);
  const published = rotateProofSet(set, 'publish', { names, now: after(0) });
  expect(faultOf(published, 'publish', 2)).toContain('portal: its next step is switch, not publish');
  expect(faultOf(published, 'remove', 2)).toContain('portal: its next step is switch, not remove');
  const switched = rotateProofSet(published, 'switch', { names, now: after(1) });
  expect(faultOf(switched, 'switch', 2)).toContain('portal: its next step is remove, not switch');
});

test('replaces stolen keys at once: the old ones are worth nothing', () => {
  const set = createSet();
  const replaced = replaceKeys(set, ['gateway-user']);
  expect(countRefused([replaced])).toBe(0);
  expect(replaced.keyFiles.portal).toEqual(set.keyFiles.portal);
  const keys = set.keyFiles['gateway-user'];
  const portal = replaced.keyFiles.portal;
  if (!keys || !portal) throw new Error('The set lacks a service.');
  const thief = createProofIdentity({ name: 'gateway-user', keys, peers: set.peers });
  const { verifier } = createProofIdentity({ name: 'portal', keys: portal, peers: replaced.peers });
  expect(() => verifier.verify(withHeaders(aMessage, thief.signer.sign('portal', aMessage)))).toThrow();
});

test('adds a subgraph, once, and leaves the others as they are', () => {
  const set = createSet();
  const added = addSubgraph(set, 'reviews');
  expect(added.keyFiles).toMatchObject(set.keyFiles);
  expect(added.peers.peers.reviews).toMatchObject({ role: 'subgraph' });
  expect(() => addSubgraph(added, 'reviews')).toThrow(RangeError);
});
