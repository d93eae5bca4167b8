import { randomBytes } from 'node:crypto';
import { type Attack, findData, shorten, wonUnlessRefused, wonUnlessStatus } from '@signet/testing/attack';

const reasonIs = (reply: { body: { errors?: { extensions?: object }[] } | undefined }, reason: string) =>
  reply.body?.errors?.some(({ extensions }) => (extensions as { reason?: string })?.reason === reason);

const impersonate = 'mutation ($i: ImpersonateCustomerInput!) { impersonateCustomer(input: $i) { grant } }';
const begin = 'mutation ($i: BeginImpersonationInput!) { beginImpersonation(input: $i) { accessToken } }';

/** A token where it does not belong: another platform's, another role's, another customer's. */
export const platformAttacks: readonly Attack[] = [
  {
    name: 'customer at staff fields',
    tried: "portalHealth, portalMe and customers with a customer's token",
    run: async ({ graph, customer }) =>
      wonUnlessStatus(
        await graph.ask('{ portalHealth portalMe { email } customers { totalCount } }', {
          token: customer,
        }),
        403,
      ),
  },
  {
    name: 'staff fields under cover',
    tried: 'portalHealth under an alias, in fragments, behind @skip and @include',
    run: async ({ graph, customer }) =>
      wonUnlessRefused(
        await graph.ask(
          'query ($no: Boolean = false) { me: portalHealth @skip(if: $no) ... @include(if: true) { ...F } } fragment F on Query { b: portalHealth }',
          { token: customer },
        ),
      ),
  },
  {
    name: 'staff field of an own object',
    tried: 'me.supportNotes as a customer',
    run: async ({ graph, customer }) =>
      wonUnlessRefused(
        await graph.ask('{ me { supportNotes { edges { node { body } } } } }', { token: customer }),
      ),
  },
  {
    name: 'customer at the staff entrance',
    tried: "a customer's token at the entrance for staff",
    async run({ portal, customer }) {
      const reply = await portal.ask('{ __typename }', { token: customer });
      return reasonIs(reply, 'auth.failure.issuer_mismatch')
        ? undefined
        : `HTTP ${reply.status}: ${shorten(reply.text)}`;
    },
  },
  {
    name: "staff at the customers' entrance",
    tried: 'a staff token at the entrance for customers',
    async run({ user, staff }) {
      const reply = await user.ask('{ __typename }', { token: staff });
      return reasonIs(reply, 'auth.failure.issuer_mismatch')
        ? undefined
        : `HTTP ${reply.status}: ${shorten(reply.text)}`;
    },
  },
  {
    name: 'acting as a customer',
    tried: 'impersonateCustomer by staff of the least role and by a customer',
    async run({ graph, customer, staff }) {
      const input = {
        customerId: '00000000-0000-7000-8000-000000000000',
        reasonClass: 'SUPPORT_REQUEST',
        reason: 'Attack',
        ticket: 'attack',
      };
      const ask = (token: string) => graph.ask(impersonate, { token, variables: { i: input } });
      return wonUnlessStatus(await ask(staff), 403) ?? wonUnlessStatus(await ask(customer), 403);
    },
  },
  {
    name: 'guessed grants',
    tried: 'a hundred grants of nobody at beginImpersonation, and tokens in their place',
    async run({ graph, customer, staff }) {
      const guesses = [
        ...Array.from({ length: 100 }, () => randomBytes(32).toString('base64url')),
        customer,
        staff,
      ];
      const answers = await Promise.all(
        guesses.map((grant) => graph.ask(begin, { variables: { i: { grant } } })),
      );
      return answers.map(wonUnlessRefused).find(Boolean);
    },
  },
  {
    name: "staff fields at the customers' entrance",
    tried: 'portalHealth and portalLogin where they do not exist',
    run: async ({ user, accounts: { staff, password } }) =>
      wonUnlessRefused(await user.ask('{ portalHealth }')) ??
      wonUnlessRefused(
        await user.ask('mutation ($i: LoginInput!) { portalLogin(input: $i) { accessToken } }', {
          variables: { i: { email: staff, password } },
        }),
      ),
  },
  {
    name: "customers' fields at the staff entrance",
    tried: 'me and login where they do not exist',
    run: async ({ portal, staff, accounts: { customer, password } }) =>
      wonUnlessRefused(await portal.ask('{ me { id } }', { token: staff })) ??
      wonUnlessRefused(
        await portal.ask('mutation ($i: LoginInput!) { login(input: $i) { accessToken } }', {
          variables: { i: { email: customer, password } },
        }),
      ),
  },
  {
    name: 'staff above their role',
    tried: 'audit log and staff list with the role support',
    run: async ({ portal, staff }) =>
      wonUnlessStatus(await portal.ask('{ auditLog { edges { node { kind } } } }', { token: staff }), 403) ??
      wonUnlessStatus(
        await portal.ask('{ staffMembers { edges { node { email } } } }', { token: staff }),
        403,
      ),
  },
  {
    name: "a customer's password at portalLogin",
    tried: "portalLogin with a customer's e-mail and password",
    run: async ({ graph, accounts: { customer, password } }) =>
      wonUnlessRefused(
        await graph.ask('mutation ($i: LoginInput!) { portalLogin(input: $i) { accessToken } }', {
          variables: { i: { email: customer, password } },
        }),
      ),
  },
  {
    name: "another customer's session",
    tried: 'endSession by the id of a session of somebody else',
    async run({ graph, customer, other }) {
      const { body } = await graph.ask('{ mySessions { id } }', { token: customer });
      const id = findData(body?.data?.mySessions);
      const reply = await graph.ask('mutation ($id: ID!) { endSession(id: $id) }', {
        token: other,
        variables: { id },
      });
      const still = await graph.ask('{ me { id } }', { token: customer });
      return still.status === 200 ? wonUnlessRefused(reply) : 'the session of the other customer ended';
    },
  },
  {
    name: 'another tenant by header',
    tried: "a token of one tenant with another's x-tenant",
    run: async ({ graph, customer }) =>
      wonUnlessRefused(
        await graph.ask('{ me { id email } }', { token: customer, headers: { 'x-tenant': 'globex' } }),
      ),
  },
  {
    name: 'old refresh token',
    tried: 'a refresh token whose first half is that of a real one, as one that was used long ago',
    async run(target) {
      const { graph, accounts } = target;
      const first = await target.signIn('login', accounts.other);
      const refresh = (refreshToken: string) =>
        graph.ask('mutation ($i: RefreshInput) { refresh(input: $i) { accessToken refreshToken } }', {
          variables: { i: { refreshToken } },
        });
      const second = await refresh(first.refreshToken);
      const successor = (second.body?.data?.refresh as { refreshToken?: string } | undefined)?.refreshToken;
      if (successor === undefined) return `an honest refresh failed: ${shorten(second.text)}`;
      const bytes = Buffer.from(first.refreshToken, 'base64url');
      const old = Buffer.concat([bytes.subarray(0, 16), randomBytes(16)]).toString('base64url');
      return (
        wonUnlessRefused(await refresh(old)) ??
        // Whoever stole it may be the one who holds the newest: the whole session is over.
        wonUnlessRefused(await refresh(successor))
      );
    },
  },
];
