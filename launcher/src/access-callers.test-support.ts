import { type Caller, callers } from '@signet/access';
import { postGraphql } from '@signet/testing';

/** Ids that representations and arguments name: of an object that the caller may have, and of somebody else's. */
type Objects = Readonly<Record<'own' | 'foreign', string>>;

/** Somebody who asks: a token (none for anonymous), and by entity type the objects to ask for. */
export type TokenHolder = { caller: Caller; token?: string; objects: Readonly<Record<string, Objects>> };

/** An id that nothing has. */
export const unknownId = '0199c2f4-7a10-7000-8000-00000000dead';

const password = 'correct horse battery staple';
const accounts = {
  user: { field: 'login', email: 'ada@example.com' },
  support: { field: 'portalLogin', email: 'support@example.com' },
  operations: { field: 'portalLogin', email: 'operations@example.com' },
  super_admin: { field: 'portalLogin', email: 'admin@example.com' },
} as const;

/**
 * Signs everybody in at the gateway and finds objects of the development seed. What is somebody else's is for a customer
 * another customer's, for staff another tenant's.
 */
export async function signInCallers(url: string): Promise<TokenHolder[]> {
  // One after the other: each compares a password, and there are two cores.
  const tokens = new Map<Caller, string>();
  for (const [caller, { field, email }] of Object.entries(accounts)) {
    tokens.set(caller as Caller, await signIn(url, field, email));
  }
  const elsewhere = await signIn(url, 'login', 'grete.halvik@example.com', { 'x-tenant': 'globex' });
  const ada = await readOwnObjects(url, tokens.get('user') ?? '');
  const strangers = await readOwnObjects(url, elsewhere);
  const staffView = await readStaffView(url, tokens.get('support') ?? '', ada.User);
  const product = { own: staffView.product, foreign: unknownId };
  return callers.map((caller) => {
    const token = tokens.get(caller);
    const isStaff = caller !== 'anonymous' && caller !== 'user';
    const own = isStaff ? { User: staffView.notedCustomer, Order: staffView.order } : ada;
    const foreign = isStaff ? strangers : { User: staffView.customer, Order: staffView.order };
    return {
      caller,
      ...(token !== undefined && { token }),
      objects: {
        User: { own: own.User, foreign: foreign.User },
        Order: { own: own.Order, foreign: foreign.Order },
        Product: product,
        StaffMember: { own: staffView.staffMember, foreign: unknownId },
      },
    };
  });
}

async function signIn(url: string, field: string, email: string, headers: Record<string, string> = {}) {
  const query = `mutation ($input: LoginInput!) { it: ${field}(input: $input) { accessToken refreshToken expiresIn } }`;
  const { body } = await postGraphql(url, { query, variables: { input: { email, password } } }, { headers });
  return String(body.data.it.accessToken);
}

async function readOwnObjects(url: string, token: string): Promise<{ User: string; Order: string }> {
  const query = '{ me { id orders(first: 1) { edges { node { id } } } } }';
  const { body } = await postGraphql(url, { query }, { token });
  return { User: body.data.me.id, Order: body.data.me.orders.edges[0].node.id };
}

type Edges<T> = { edges: { node: T }[] };

/** What staff see of the tenant, beside this customer: an order and who placed it, a customer with notes, a product, staff. */
async function readStaffView(url: string, token: string, besideCustomer: string) {
  const query = `{
    portalMe { id }
    products(first: 1) { edges { node { id } } }
    orders(first: 100) { edges { node { id customer { id } } } }
    customers(first: 100) { edges { node { id supportNotes(first: 1) { edges { cursor } } } } }
  }`;
  const { body } = await postGraphql(url, { query }, { token });
  const orders = body.data.orders as Edges<{ id: string; customer: { id: string } }>;
  const customers = body.data.customers as Edges<{ id: string; supportNotes: { edges: unknown[] } }>;
  const order = orders.edges.map(({ node }) => node).find(({ customer }) => customer.id !== besideCustomer);
  const noted = customers.edges.find(({ node }) => node.supportNotes.edges.length > 0);
  if (!order || !noted) {
    throw new Error("the seed has no other customer's order, or no customer with a note");
  }
  return {
    staffMember: String(body.data.portalMe.id),
    product: String(body.data.products.edges[0].node.id),
    order: order.id,
    customer: order.customer.id,
    notedCustomer: noted.node.id,
  };
}
