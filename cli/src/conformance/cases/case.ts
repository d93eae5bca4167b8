import type { GraphName } from '../graph/graphs.ts';
import type { TokenOptions } from '../issuer.ts';
import type { SentenceName } from '../sentences.ts';

/** Who asks: nobody, or the bearer of a token. */
export type Caller = TokenOptions | 'nobody';

export type CaseRequest = {
  as: Caller;
  operation: string;
  variables?: Readonly<Record<string, unknown>>;
  operationName?: string;
  /** How the operation is sent. Default: as JSON by POST. */
  by?: 'post' | 'get' | 'hash' | 'hash and text' | 'subscription';
};

/** Features that a gateway may do without. What needs one is then not supported, rather than failed. */
export type Feature = 'policies' | 'persisted operations' | 'subscriptions';

export type ConformanceCase = CaseRequest & {
  /** What the caller may not have: the place in the answer (a dotted path without list positions) to the coordinate there. */
  refused?: Readonly<Record<string, string>>;
  title: string;
  says: SentenceName;
  graph?: GraphName;
  /** Asked before, one after the other. Their answers are not judged. */
  before?: readonly CaseRequest[];
  /** What the case needs of the gateway. */
  needs?: Feature;
  /** Where a gateway may hide more than the refused field: an object in place of its fields, the list in place of one element. */
  mayHideMore?: boolean;
  /** Coordinates that are refused but that the gateway needs itself: keys. */
  mayFetch?: readonly string[];
  /** Texts that must not stand in the answer, beside the values of what is refused. */
  hides?: readonly string[];
  /** Error and path must be as the specification shows them, where the gateway answers with the rest of the data. */
  judgesErrors?: boolean;
  /**
   * Where the gateway refuses the whole operation: for how many seconds after a sign-in its challenge of RFC 9470 says that it is enough, or that
   * there is no such challenge.
   */
  challenge?: number | 'none';
  /** The gateway must not know the field: its answer has errors and no data. */
  isInvalid?: boolean;
  /** In place of an expected answer: what the data must be like where they are not refused. */
  accepts?(data: unknown): boolean;
};

export type CaseArea = { name: string; cases: readonly ConformanceCase[] };

export const nobody: Caller = 'nobody';

/** The bearer of a token with these scopes, and without policies. */
export function member(...scopes: string[]): TokenOptions {
  return { scopes };
}

/** The bearer of a token for whom these policies hold. */
export function holder(policies: readonly string[], ...scopes: string[]): TokenOptions {
  return { policies, scopes };
}
