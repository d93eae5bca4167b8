import { createHash } from 'node:crypto';
import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { type AskedOperation, createOperationPlanner } from './operation-planner.ts';
import type { PlanningJob } from './planner.ts';
import type { PlanningOutcome } from './planning-pool.ts';

const schema = { name: 'test', supergraphSdl: '', renames: false };

/** A planner before a pool that answers each job as `answer` says, and writes down what it was asked. */
const openPlanner = (
  answer: (job: PlanningJob, turn: number) => PlanningOutcome,
  clock: { now(): number } = performance,
) => {
  const jobs: PlanningJob[] = [];
  const pool = {
    add: async () => {},
    remove: () => {},
    ready: async () => {},
    stop: async () => {},
    run: async (job: PlanningJob) => {
      jobs.push(job);
      await new Promise((resolve) => setTimeout(resolve, 5));
      return answer(job, jobs.length);
    },
  };
  return { planner: createOperationPlanner({ pool, schema, clock, compile: (plan) => plan }), jobs };
};

/** As a request brings it: parsed anew, unless the document is kept. */
const ask = (source: string, caller = 'a', operationName?: string): AskedOperation => {
  const document = parse(source);
  const operation = document.definitions.find(
    (node) => node.kind === 'OperationDefinition' && node.name?.value === operationName,
  );
  if (operation?.kind !== 'OperationDefinition') throw new Error(`no operation ${operationName}`);
  return { hash: createHash('sha256').update(source).digest('hex'), source, document, operation, caller };
};

const planned = (text = 'plan'): PlanningOutcome => ({
  kind: 'planned',
  plan: JSON.stringify({ kind: 'QueryPlan', text }),
  documentSize: 100,
});

describe('a planned operation', () => {
  it('is planned once for all who ask at the same time, and for those who come later', async () => {
    const { planner, jobs } = openPlanner(() => planned());
    const asked = Array.from({ length: 50 }, (_, index) => ask('{ a }', `caller ${index}`));
    await Promise.all(asked.map((one) => planner.plan(one)));
    await planner.plan(ask('{ a }'));
    expect(jobs).toHaveLength(1);
    for (const { operation } of asked) expect(planner.planOf(operation)).toMatchObject({ text: 'plan' });
  });

  it('gives its document to the requests that come after', async () => {
    const { planner } = openPlanner(() => planned());
    const asked = ask('{ a }');
    expect(planner.documentOf(asked.hash)).toBeUndefined();
    await planner.plan(asked);
    expect(planner.documentOf(asked.hash)).toBe(asked.document);
  });

  it('is distinguished from others in its document by its name', async () => {
    const { planner, jobs } = openPlanner(({ operationName }) => planned(operationName));
    const source = 'query A { a } query B { b }';
    const [first, second] = [ask(source, 'a', 'A'), ask(source, 'a', 'B')];
    await planner.plan(first);
    await planner.plan(second);
    expect(planner.planOf(first.operation)).toMatchObject({ text: 'A' });
    expect(planner.planOf(second.operation)).toMatchObject({ text: 'B' });
    expect(jobs).toHaveLength(2);
  });

  it('stays, whatever number of others is sent once', async () => {
    const large = { ...planned(), documentSize: 1_000_000 } as PlanningOutcome;
    const { planner, jobs } = openPlanner(() => large);
    const known = ask('{ known }');
    await planner.plan(known);
    planner.documentOf(known.hash);
    await Promise.all(Array.from({ length: 200 }, (_, index) => planner.plan(ask(`{ a${index} }`))));
    expect(planner.documentOf(known.hash)).toBe(known.document);
    await planner.plan(ask('{ known }'));
    expect(jobs).toHaveLength(201);
    // The first of those that came once has gone.
    expect(planner.documentOf(ask('{ a0 }').hash)).toBeUndefined();
  });

  it('is compiled again without a worker when others have pushed it out', async () => {
    const large = (job: PlanningJob) =>
      ({ ...planned(job.source), documentSize: 4_000_000 }) as PlanningOutcome;
    const { planner, jobs } = openPlanner(large);
    for (const name of ['a', 'b', 'c']) await planner.plan(ask(`{ ${name} }`));
    const again = ask('{ a }');
    expect(planner.documentOf(again.hash)).toBeUndefined();
    await planner.plan(again);
    expect(planner.planOf(again.operation)).toMatchObject({ text: '{ a }' });
    expect(jobs).toHaveLength(3);
  });

  it('counts by what its plan takes once it is compiled, which is far more than its text', async () => {
    // 20 aliases of a field with 16 fields below, in a fragment: measured at 630 KB.
    const { planner } = openPlanner(() => ({ ...planned('x'.repeat(11_500)), documentSize: 64_000 }));
    const asked = Array.from({ length: 100 }, (_, index) => ask(`{ a${index} }`));
    for (const one of asked) {
      await planner.plan(one);
      // Asked for again, it is not pushed out by what comes once.
      planner.documentOf(one.hash);
    }
    const kept = asked.filter(({ hash }) => planner.documentOf(hash)).length;
    expect(kept).toBeGreaterThan(30);
    expect(kept).toBeLessThan(60);
  });

  it('is kept without its tokens, and with the places of its fields', async () => {
    const { planner } = openPlanner(() => planned());
    const asked = ask('{ a }');
    await planner.plan(asked);
    const { loc, selectionSet } = asked.operation;
    expect(loc).toMatchObject({ start: 0, end: 5, startToken: undefined, endToken: undefined });
    expect(selectionSet.selections[0]?.loc?.start).toBe(2);
  });
});

describe('an operation that can not be planned', () => {
  it.each(['stopped', 'died'] as const)(
    'is refused again without a worker when its worker %s',
    async (kind) => {
      const { planner, jobs } = openPlanner(() => ({ kind }));
      const results = [await planner.plan(ask('{ a }', 'a')), await planner.plan(ask('{ a }', 'b'))];
      expect(results).toEqual([{ kind: 'refused' }, { kind: 'refused' }]);
      expect(jobs).toHaveLength(1);
    },
  );

  it('is tried again after a minute', async () => {
    let now = 1;
    const { planner, jobs } = openPlanner(() => ({ kind: 'stopped' }), { now: () => now });
    await planner.plan(ask('{ a }'));
    now += 60_000;
    await planner.plan(ask('{ a }'));
    expect(jobs).toHaveLength(1);
    now += 1;
    await planner.plan(ask('{ a }'));
    expect(jobs).toHaveLength(2);
  });

  it('gives way to later ones, so that faults of any number fill no memory', async () => {
    const message = 'x'.repeat(100_000);
    const faults = [{ message, positions: [0] }];
    const { planner, jobs } = openPlanner(() => ({ kind: 'invalid', faults }));
    for (let index = 0; index < 12; index += 1) await planner.plan(ask(`{ a${index} }`));
    await planner.plan(ask('{ a11 }'));
    expect(jobs).toHaveLength(12);
    await planner.plan(ask('{ a0 }'));
    expect(jobs).toHaveLength(13);
  });

  it('is validated once, and keeps no document', async () => {
    const faults = [{ message: 'Cannot query field "a" on type "Query".', positions: [2] }];
    const { planner, jobs } = openPlanner(() => ({ kind: 'invalid', faults }));
    expect(await planner.plan(ask('{ a }'))).toEqual({ kind: 'invalid', faults });
    expect(await planner.plan(ask('{ a }'))).toEqual({ kind: 'invalid', faults });
    expect(jobs).toHaveLength(1);
    expect(planner.documentOf(ask('{ a }').hash)).toBeUndefined();
  });

  it('is tried again after a failure of ours, and when there was no room', async () => {
    const { planner, jobs } = openPlanner((_, turn) =>
      turn === 1 ? { kind: 'failed', message: 'x' } : turn === 2 ? { kind: 'no-room' } : planned(),
    );
    const results = [];
    for (let turn = 0; turn < 3; turn += 1) results.push((await planner.plan(ask('{ a }'))).kind);
    expect(results).toEqual(['failed', 'no-room', 'planned']);
    expect(jobs).toHaveLength(3);
  });

  it('takes nobody along who joined and has room of its own', async () => {
    const { planner, jobs } = openPlanner((_, turn) => (turn === 1 ? { kind: 'no-room' } : planned()));
    const results = await Promise.all(['a', 'b', 'c'].map((caller) => planner.plan(ask('{ a }', caller))));
    expect(results.map(({ kind }) => kind)).toEqual(['no-room', 'planned', 'planned']);
    expect(jobs).toHaveLength(2);
  });
});

describe('an operation that asks for the schema alone', () => {
  it('is answered once for each of its variables', async () => {
    const { planner, jobs } = openPlanner(({ introspection }) =>
      introspection
        ? { kind: 'introspected', data: JSON.stringify({ asked: introspection.variables }) }
        : { kind: 'introspection', documentSize: 100 },
    );
    const asked = ask('query ($name: String!) { __type(name: $name) { name } }');
    expect(await planner.plan(asked)).toEqual({ kind: 'introspection' });
    for (const name of ['Query', 'Query', 'Mutation']) {
      expect(await planner.introspect(asked, { name })).toMatchObject({ data: { asked: { name } } });
    }
    expect(jobs).toHaveLength(3);
    expect(planner.planOf(asked.operation)).toBeUndefined();
  });
});
