import { findRequest, inRequest } from '@signet/db';
import { describe, expect, it } from 'vitest';
import { createUsedAssertions } from './used-assertions.ts';

type Noted = readonly { hash: Buffer; expiresAt: Date }[];
const end = new Date('2026-01-01T00:05:00Z');

/** A table of hashes, whose statements wait until `answer` is called. */
function createTable() {
  const rows = new Set<string>();
  const statements: { batch: Noted; answer(): void; fail(error: Error): void }[] = [];
  const insert = (batch: Noted) => {
    const { promise, resolve, reject } = Promise.withResolvers<ReadonlySet<string>>();
    const answer = () => {
      const fresh = batch.map(({ hash }) => hash.toString('hex')).filter((hash) => !rows.has(hash));
      for (const hash of fresh) rows.add(hash);
      resolve(new Set(fresh));
    };
    statements.push({ batch, answer, fail: reject });
    return promise;
  };
  return { statements, insert };
}

describe('used assertions', () => {
  it('of one turn of the event loop are one statement, and those that come meanwhile the next one', async () => {
    const { statements, insert } = createTable();
    const used = createUsedAssertions(insert);
    const first = ['a', 'b'].map((jti) => used.use('client', jti, end));
    await Promise.resolve();
    first.push(used.use('client', 'c', end));
    await expect.poll(() => statements.length).toBe(1);
    const second = ['d', 'e'].map((jti) => used.use('client', jti, end));
    expect(statements.map(({ batch }) => batch.length)).toEqual([3]);
    statements[0]?.answer();
    expect(await Promise.all(first)).toEqual([true, true, true]);
    await expect.poll(() => statements.length).toBe(2);
    statements[1]?.answer();
    expect(await Promise.all(second)).toEqual([true, true]);
    expect(statements.map(({ batch }) => batch.length)).toEqual([3, 2]);
  });

  it('are of one client, and each for one of those who come at once', async () => {
    const { statements, insert } = createTable();
    const used = createUsedAssertions(insert);
    const asked = [
      used.use('client', 'a', end),
      used.use('client', 'a', end),
      used.use('other', 'a', end),
      used.use('client\na', '', end),
    ];
    await expect.poll(() => statements.length).toBe(1);
    statements[0]?.answer();
    expect(await Promise.all(asked)).toEqual([true, false, true, true]);
    const again = used.use('client', 'a', end);
    await expect.poll(() => statements.length).toBe(2);
    statements[1]?.answer();
    expect(await again).toBe(false);
  });

  it('count as not used where they cannot be noted, and the next ones are tried again', async () => {
    const { statements, insert } = createTable();
    const used = createUsedAssertions(insert);
    const lost = used.use('client', 'a', end);
    await expect.poll(() => statements.length).toBe(1);
    statements[0]?.fail(new Error('no database'));
    await expect(lost).rejects.toThrow('no database');
    const next = used.use('client', 'a', end);
    await expect.poll(() => statements.length).toBe(2);
    statements[1]?.answer();
    expect(await next).toBe(true);
  });

  it('are noted for all, and not in the time of the request that came first', async () => {
    const { statements, insert } = createTable();
    const requests: unknown[] = [];
    const used = createUsedAssertions((batch) => {
      requests.push(findRequest());
      return insert(batch);
    });
    const over = performance.now() - 1;
    const asked = ['a', 'b'].map((jti) =>
      inRequest({ caller: jti, deadline: over }, async () => [
        await used.use('client', jti, end),
        findRequest(),
      ]),
    );
    await expect.poll(() => statements.length).toBe(1);
    statements[0]?.answer();
    for (const [isFirst, request] of await Promise.all(asked)) {
      expect(isFirst).toBe(true);
      // What follows is the request's own again.
      expect(request).toMatchObject({ deadline: over });
    }
    expect(requests).toEqual([undefined]);
  });

  it('go in statements of at most 500', async () => {
    const { statements, insert } = createTable();
    const used = createUsedAssertions(insert);
    const asked = Array.from({ length: 1200 }, (_, at) => used.use('client', String(at), end));
    for (let at = 0; at < 3; at += 1) {
      await expect.poll(() => statements.length).toBe(at + 1);
      statements[at]?.answer();
    }
    expect(new Set(await Promise.all(asked))).toEqual(new Set([true]));
    expect(statements.map(({ batch }) => batch.length)).toEqual([500, 500, 200]);
  });
});
