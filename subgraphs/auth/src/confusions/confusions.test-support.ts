import type { GraphqlAnswer, SigningKeys } from '@signet/testing';
import type { TestAuth } from '../testing/auth.test-support.ts';

/** A token or another secret that somebody holds and has not used. */
export type HeldSecret = {
  /** What kind it is: `reset_password of staff`. */
  kind: string;
  text: string;
  /** The places that take it, by name, in an order in which one secret can go to all of them. */
  fits: readonly string[];
};

/** Something that takes a token or another secret. */
export type Place = {
  name: string;
  /** Presents a text, with all else that the place needs. The reason of the refusal; undefined where the text was taken. */
  present(text: string): Promise<string | undefined>;
  /** The reasons for which it refuses what it does not take. */
  refusal: RegExp;
};

/** Kinds of secrets, and the places that take them or others. Every secret is tried at every place. */
export type Corner = { secrets: readonly HeldSecret[]; places: readonly Place[] };

/** `keys`: those by which auth signs. */
export type OpenCorner = (auth: TestAuth, keys: SigningKeys) => Promise<Corner>;

/** The reason of an answer's first error: undefined without errors. */
export function reasonOf({ body }: GraphqlAnswer): string | undefined {
  const [error] = body.errors ?? [];
  return error && String(error.extensions?.reason ?? error.message);
}
