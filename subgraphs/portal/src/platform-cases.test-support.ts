import type { PlatformCases } from '../../../launcher/src/platform-cases.test-support.ts';

type Customer = { id: string; supportNotes: { edges: unknown[] } };
const unknownId = '0199c2f4-7a10-7000-8000-00000000dead';

export default {
  /** Customers, staff and the tenant are the platform's, in whichever subgraph their fields stand. */
  async findObjects(caller, { ask, stranger }) {
    const own = (await ask('{ me { id } }', 'user')).body.data.me.id as string;
    const elsewhere = (await ask('{ me { id } }', stranger)).body.data.me.id as string;
    const { body } = await ask(
      `{ portalMe { id } dashboard { id }
         customers(first: 100) { edges { node { id supportNotes(first: 1) { edges { cursor } } } } } }`,
      'support',
    );
    const customers: Customer[] = body.data.customers.edges.map((edge: { node: Customer }) => edge.node);
    const noted = customers.find(({ supportNotes }) => supportNotes.edges.length > 0);
    const other = customers.find(({ id }) => id !== own);
    if (!noted || !other) throw new Error('the seed has no customer with a note, or no second customer');
    if (caller === 'super_admin') {
      // So that there is one in the list.
      const input = `customerId: "${other.id}", reasonClass: INVESTIGATION, reason: "A case", ticket: "case"`;
      const made = await ask(`mutation { impersonateCustomer(input: { ${input} }) { expiresAt } }`, caller);
      if (made.body.errors)
        throw new Error(`nobody can be impersonated: ${JSON.stringify(made.body.errors)}`);
    }
    const isCustomer = caller === 'user' || caller === 'impersonated';
    // No customer is a customers' service's.
    const mine = caller === 'user service' ? unknownId : own;
    return {
      User:
        isCustomer || caller === 'anonymous' || caller === 'user service'
          ? { own: mine, foreign: other.id }
          : { own: noted.id, foreign: elsewhere },
      StaffMember: { own: body.data.portalMe.id, foreign: unknownId },
      Dashboard: { own: body.data.dashboard.id, foreign: unknownId },
    };
  },
  arguments: {
    'Query.refusal': { requestId: unknownId },
    // Whoever may ask for a verification gets one, and nothing else changes.
    'Mutation.verifyAuditLog': {},
  },
  // By an id that nobody knows; the list has what the test itself was refused.
  emptyInSeed: ['User.assignees', 'RefusalLookup.refusals', 'Refusal.unnamed'],
  // Only with a right argument, which tests of this subgraph have.
  emptyTypes: ['ImpersonationGrant', 'CheckRefusal', 'RuleCondition'],
  policiesOfArguments: ['Mutation.addSupportNote'],
  refusedMutation: {
    query: `mutation { suspendCustomer(customerId: "${unknownId}") { id } }`,
    as: 'portal',
    reason: 'input.customerId',
  },
  snapshot: '{ dashboard { customers supportNotes } }',
} satisfies PlatformCases;
