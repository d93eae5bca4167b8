import type { Scope } from '@signet/schema/contract';
import { expect, it } from 'vitest';
import { reasonsOf } from './post-graphql.ts';
import type { TestSubgraph } from './subgraph.ts';

type Operation = { query: string; variables?: Record<string, unknown> };
/** Functions, since the subgraph starts after the tests are named. */
type Subject = { subgraph: () => TestSubgraph; operation: Operation };

const ids = ['', 'x', '0', '00000000-0000-0000-0000-00000000000g', '\0', 'a'.repeat(10_240)];

/** What every operation of staff refuses: nobody, customers, staff without the scope. */
export function itIsForStaff({ subgraph, operation, scope }: Subject & { scope?: Scope }): void {
  const { query, variables } = operation;
  it('refuses a caller who has not signed in', async () => {
    expect(reasonsOf(await subgraph().ask(query, variables))).toEqual(['auth.failure.missing_token']);
  });
  it("refuses a customer's token", async () => {
    const customer = await subgraph().addCustomer();
    const answer = await subgraph().ask(query, variables, customer);
    expect(reasonsOf(answer)).toEqual(['authz.platform.deny']);
    expect(answer.body.errors?.[0]?.message).toBe(
      "This field requires a 'portal' token. Received a 'user' token.",
    );
  });
  if (scope === undefined) return;
  it(`refuses staff without the scope ${scope}`, async () => {
    const staff = await subgraph().addStaff('super_admin', { claims: { scope: 'profile:read' } });
    expect(reasonsOf(await subgraph().ask(query, variables, staff))).toEqual(['authz.scope.deny']);
  });
}

/** What every operation of customers refuses: nobody, staff, customers without the scope. */
export function itIsForCustomers({ subgraph, operation, scope }: Subject & { scope: Scope }): void {
  const { query, variables } = operation;
  it('refuses a caller who has not signed in', async () => {
    expect(reasonsOf(await subgraph().ask(query, variables))).toEqual(['auth.failure.missing_token']);
  });
  it('refuses a token of staff', async () => {
    const staff = await subgraph().addStaff('super_admin');
    expect(reasonsOf(await subgraph().ask(query, variables, staff))).toEqual(['authz.platform.deny']);
  });
  it(`refuses a customer without the scope ${scope}`, async () => {
    const customer = await subgraph().addCustomer({ claims: { scope: 'profile:read' } });
    expect(reasonsOf(await subgraph().ask(query, variables, customer))).toEqual(['authz.scope.deny']);
  });
}

/** Texts that are no ids: each must be refused as `reason`. */
export async function expectIdsRefused(
  reason: string,
  ask: (id: string) => ReturnType<TestSubgraph['ask']>,
): Promise<void> {
  for (const id of ids) {
    expect(reasonsOf(await ask(id)), JSON.stringify(id.slice(0, 40))).toEqual([reason]);
  }
}

/** For `it.each`: each input with the reason of its refusal, and before both a title: 10 KB of input would hide the rest. */
export function titled<Input, Reason extends string>(
  rows: readonly (readonly [Input, Reason])[],
): [title: string, input: Input, reason: Reason][] {
  return rows.map(([input, reason]) => [titleOf(input), input, reason]);
}

function titleOf(input: unknown): string {
  const text = JSON.stringify(input);
  return text.length > 80 ? `${text.slice(0, 60)}… (${text.length} characters)` : text;
}
