import { setTimeout as sleep } from 'node:timers/promises';
import { productSubgraphs } from '@signet/schema/subgraphs';
import { type GraphqlAnswer, postGraphql, type TestDatabase } from '@signet/testing';

export type Caller = { email: string; token: string; url: string };

/** What a subgraph's own part of the load has. */
export type LoadContext = { load: MixedLoad; database: Pick<TestDatabase, 'query'> };

/** What customers do in one subgraph, and a book of what they were told. */
export type LoadPart = {
  /** Steps that each customer repeats. True when everything that was asked for came. */
  stepsOf(customer: Caller): (() => Promise<boolean>)[];
  /** A process without which customers have the rest: asks while it is away, and throws where that is not so. */
  whileAway?: { name: string; check(customer: Caller): Promise<void> };
  /** After the load: throws where data was lost, is there twice, or was shown to somebody else. */
  check(): Promise<void>;
};

type Unreached = { status: 0; cause: unknown };

const readMine = '{ me { email } mySessions { id } }';
const readAll = '{ portalMe { email } customers(first: 20) { edges { node { email } } } }';

/** Customers who read what is theirs and do what the subgraphs' parts say, staff who look at all. */
export class MixedLoad {
  /** What no fault may cause. */
  readonly wrong: string[] = [];
  readonly counts = { complete: 0, partial: 0, unavailable: 0, unreached: 0, retried: 0 };
  /** Addresses at which nobody may answer just now. */
  readonly mayBeGone = new Set<string>();
  readonly #loops: Promise<void>[] = [];
  #isStopped = false;
  #isAbandoned = false;
  readonly #betweenMs: number;

  /** `betweenMs`: how long each caller waits with each step before the next. */
  constructor({ betweenMs = 100 } = {}) {
    this.#betweenMs = betweenMs;
  }

  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  start(customers: readonly Caller[], staff: Caller, parts: readonly LoadPart[]): void {
    const repeat = async (step: () => Promise<unknown>) => {
      while (!this.#isStopped) {
        await step();
        await sleep(this.#betweenMs);
      }
    };
    for (const customer of customers) {
      this.#loops.push(repeat(() => this.readOwn(customer)));
      this.#loops.push(...parts.flatMap((part) => part.stepsOf(customer)).map(repeat));
    }
    this.#loops.push(repeat(() => this.readCustomers(staff)));
  }

  /** Every step that was begun ends first. */
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
    const answer = await this.ask(customer, readMine);
    if (!answer) return false;
    const { me, mySessions } = answer.body.data ?? {};
    if (me && me.email !== customer.email) this.wrong.push(`${customer.email} is shown ${me.email}`);
    return this.judge(answer, Boolean(me && mySessions));
  }

  async readCustomers(staff: Caller): Promise<boolean> {
    const answer = await this.ask(staff, readAll);
    if (!answer) return false;
    const { portalMe, customers } = answer.body.data ?? {};
    if (portalMe && portalMe.email !== staff.email) this.wrong.push(`staff are shown ${portalMe.email}`);
    return this.judge(answer, Boolean(portalMe && customers));
  }

  async ask(caller: Caller, query: string, variables = {}): Promise<GraphqlAnswer | undefined> {
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
  judge({ status, body }: GraphqlAnswer, isThere: boolean): boolean {
    const { errors = [] } = body;
    for (const { message, path, extensions } of errors) {
      const isOutage = /^(auth|service)\.unavailable$/.test(extensions?.reason ?? '');
      if (extensions?.code !== 'SERVICE_UNAVAILABLE' || !isOutage) {
        this.wrong.push(`status ${status}: ${JSON.stringify({ message, path, extensions })}`);
      }
      if (forbiddenWords.test(message)) this.wrong.push(`an error says ${message}`);
      if (status === 200 && !path) this.wrong.push('an error without a place');
    }
    if (status !== 200 && status !== 503) this.wrong.push(`status ${status}`);
    if (errors.length === 0 && !isThere) this.wrong.push(`nothing, and no error: ${JSON.stringify(body)}`);
    const isComplete = errors.length === 0 && isThere;
    this.counts[isComplete ? 'complete' : isThere ? 'partial' : 'unavailable'] += 1;
    return isComplete;
  }
}

/** No error names an address or a subgraph behind the gateway. */
const forbiddenWords = new RegExp(
  [
    '127\\.0\\.0\\.1',
    'localhost',
    'https?:',
    'ECONN',
    'postgres',
    ...productSubgraphs.map(({ name }) => name),
  ].join('|'),
  'i',
);

function describe(error: unknown): string {
  const { cause } = error as { cause?: { code?: string; message?: string } };
  return `${error} ${cause?.code ?? ''} ${cause?.message ?? ''}`;
}
