import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GraphqlAnswer, postGraphql } from '@signet/testing';

export type Product = { id: string; name: string };
export type Caller = { email: string; token: string; url: string };
export type PlacedOrder = { key: string; email: string; productId: string; quantity: number; id?: string };

type Unreached = { status: 0; cause: unknown };

const betweenMs = 40;
const readMine = `{ me { email }
  myOrders(first: 10) { edges { node { id items { quantity product { id name stock { available } } } } } } }`;
const readAll = '{ portalMe { email } customers(first: 20) { edges { node { email } } } }';
const placeOrder =
  'mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { id items { quantity } } }';

/** Customers who read what is theirs and order, staff who look at all; and a book of what each was told. */
export class MixedLoad {
  /** What no fault may bring about. */
  readonly wrong: string[] = [];
  readonly orders: PlacedOrder[] = [];
  /** Orders that a customer was shown, by e-mail address. */
  readonly shown = new Map<string, Set<string>>();
  readonly counts = { complete: 0, partial: 0, unavailable: 0, unreached: 0, retriedOrders: 0 };
  /** Addresses at which there may be nobody just now. */
  readonly mayBeGone = new Set<string>();
  readonly #products: readonly Product[];
  readonly #loops: Promise<void>[] = [];
  #isStopped = false;
  #isAbandoned = false;

  constructor(products: readonly Product[]) {
    this.#products = products;
  }

  start(customers: readonly Caller[], staff: Caller): void {
    const repeat = async (step: () => Promise<unknown>) => {
      while (!this.#isStopped) {
        await step();
        await sleep(betweenMs);
      }
    };
    for (const customer of customers) {
      this.#loops.push(
        repeat(() => this.readOwn(customer)),
        repeat(() => this.order(customer)),
      );
    }
    this.#loops.push(repeat(() => this.readCustomers(staff)));
  }

  /** Every order that was begun is confirmed first: who sent it would try until then. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#loops);
  }

  /** Asks nothing more, whatever is open. */
  abandon(): void {
    this.#isStopped = true;
    this.#isAbandoned = true;
  }

  /** True when everything that was asked for came. */
  async readOwn(customer: Caller): Promise<boolean> {
    const answer = await this.#ask(customer, readMine);
    if (!answer) return false;
    const { me, myOrders } = answer.body.data ?? {};
    if (me && me.email !== customer.email) this.wrong.push(`${customer.email} is told of ${me.email}`);
    const shown = this.shown.get(customer.email) ?? new Set();
    this.shown.set(customer.email, shown);
    const isComplete = this.#judge(answer, Boolean(me && myOrders));
    for (const { node } of myOrders?.edges ?? []) {
      shown.add(node.id);
      for (const { quantity, product } of node.items ?? []) {
        const known = this.#products.find(({ id }) => id === product?.id);
        if (product?.name && product.name !== known?.name) this.wrong.push(`a product is ${product.name}`);
        if (isComplete && !(quantity > 0 && product?.name && product.stock)) this.wrong.push('a gap unsaid');
      }
    }
    return isComplete;
  }

  async readCustomers(staff: Caller): Promise<boolean> {
    const answer = await this.#ask(staff, readAll);
    if (!answer) return false;
    const { portalMe, customers } = answer.body.data ?? {};
    if (portalMe && portalMe.email !== staff.email) this.wrong.push(`staff are told of ${portalMe.email}`);
    return this.#judge(answer, Boolean(portalMe && customers));
  }

  /** Sends one order until it is confirmed, then now and then once more: it must stay one. True when at once. */
  async order(customer: Caller): Promise<boolean> {
    const product = this.#products[Math.floor(Math.random() * this.#products.length)] as Product;
    const quantity = 1 + Math.floor(Math.random() * 3);
    const placed: PlacedOrder = { key: randomUUID(), email: customer.email, productId: product.id, quantity };
    this.orders.push(placed);
    const input = { items: [{ productId: product.id, quantity }], idempotencyKey: placed.key };
    let tries = 0;
    for (let again = Math.random() < 0.2 ? 2 : 1; again > 0 && !this.#isAbandoned; tries += 1) {
      const answer = await this.#ask(customer, placeOrder, { input });
      const order = answer?.body.data?.placeOrder;
      if (answer) this.#judge(answer, Boolean(order));
      if (!order) {
        await sleep(150);
        continue;
      }
      if (placed.id !== undefined && placed.id !== order.id) this.wrong.push('one key gave two orders');
      if (order.items[0]?.quantity !== quantity) this.wrong.push('an order has another quantity');
      placed.id = order.id;
      again -= 1;
    }
    if (tries > 2) this.counts.retriedOrders += 1;
    return tries <= 2;
  }

  async #ask(caller: Caller, query: string, variables = {}): Promise<GraphqlAnswer | undefined> {
    const { url, token } = caller;
    const answer = await postGraphql(`${url}/graphql`, { query, variables }, { token }).catch(
      (cause: unknown): Unreached => ({ status: 0, cause }),
    );
    if (answer.status !== 0) return answer as GraphqlAnswer;
    this.counts.unreached += 1;
    if (!this.mayBeGone.has(url)) this.wrong.push(`no answer: ${describe((answer as Unreached).cause)}`);
    return undefined;
  }

  /** Nothing is missing without an error, and each error says that something is down: no more, and nothing else. */
  #judge({ status, body }: GraphqlAnswer, isThere: boolean): boolean {
    const { errors = [] } = body;
    for (const { message, path, extensions } of errors) {
      const isOutage = /^(auth|service)\.unavailable$/.test(extensions?.reason ?? '');
      if (extensions?.code !== 'SERVICE_UNAVAILABLE' || !isOutage) {
        this.wrong.push(`status ${status}: ${JSON.stringify({ message, path, extensions })}`);
      }
      if (/127\.0\.0\.1|localhost|https?:|ECONN|catalog|inventory|postgres/i.test(message)) {
        this.wrong.push(`an error says ${message}`);
      }
      if (status === 200 && !path) this.wrong.push('an error without a place');
    }
    if (status !== 200 && status !== 503) this.wrong.push(`status ${status}`);
    if (errors.length === 0 && !isThere) this.wrong.push(`nothing, and no error: ${JSON.stringify(body)}`);
    const isComplete = errors.length === 0 && isThere;
    this.counts[isComplete ? 'complete' : isThere ? 'partial' : 'unavailable'] += 1;
    return isComplete;
  }
}

function describe(error: unknown): string {
  const { cause } = error as { cause?: { code?: string; message?: string } };
  return `${error} ${cause?.code ?? ''} ${cause?.message ?? ''}`;
}
