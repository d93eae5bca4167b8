import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Caller } from '@signet/access';
import { subgraphs } from '@signet/schema/subgraphs';
import type { GraphqlAnswer, TestDatabase } from '@signet/testing';
import type { LoadContext, LoadPart } from '../../deploy/chaos/mixed-load.test-support.ts';

/** The id of an object that the caller may have, and of somebody else's. */
export type Objects = Readonly<Record<'own' | 'foreign', string>>;

/** By entity type the objects that a caller asks for. */
export type ObjectsByType = Readonly<Record<string, Objects>>;

export type CaseContext = {
  /** Asks the gateway, as one of the callers or with a token. */
  ask(query: string, as: Caller | { token: string }): Promise<GraphqlAnswer>;
  /** A customer of another tenant. */
  stranger: { token: string };
};

/** An operation, and for tests that tell answers apart what to call it. */
export type Question = { name: string; query: string; variables?: Record<string, unknown> };

/** A caller who asks at the entrance `graph`. */
export type Asker = {
  platform: 'user' | 'portal' | 'none';
  ask(query: string): Promise<GraphqlAnswer>;
};

/** A mutation that a subgraph runs and refuses, so that it changes nothing. */
export type RefusedMutation = {
  query: string;
  /** Whose token it needs. Without it, none. */
  as?: 'user' | 'portal';
  /** The reason of the one error. */
  reason: string;
};

export type WalkContext = {
  ask(query: string, as: 'user' | 'portal', variables?: Record<string, unknown>): Promise<GraphqlAnswer>;
  database: Pick<TestDatabase, 'query'>;
  /** E-mail address of the customer. */
  customer: string;
};

/**
 * What tests of the whole platform ask of a subgraph: the default export of `subgraphs/<name>/src/platform-cases.test-support.ts`.
 * All of it is optional, and so is the file.
 */
export type PlatformCases = {
  /**
   * Finds or creates objects for a caller of the access matrix. What is somebody else's is for a customer another customer's,
   * for staff another tenant's. Without it, the test asks for objects that do not exist, and accepts that a field was not reached.
   */
  findObjects?(caller: Caller, context: CaseContext): Promise<ObjectsByType>;
  /** Fields that are empty in the development seed: they lead to nothing. */
  emptyInSeed?: readonly string[];
  /** Types of which nobody has an object: who may have their fields gets nothing, who may not is refused all the same. */
  emptyTypes?: readonly string[];
  /** Arguments by coordinate, instead of made up ones, where those would change something. */
  arguments?: Readonly<Record<string, Record<string, unknown>>>;
  /** Fields whose policy looks at the arguments. The subgraph's own tests try both outcomes. */
  policiesOfArguments?: readonly string[];
  /** What a captured request is tried with: the first time it runs and is refused for this reason, then it is a replay. */
  refusedMutation?: RefusedMutation;
  /** What a super_admin reads before and after: nothing of it may change. */
  snapshot?: string;
  /**
   * Queries that this caller may run, each with an answer that stays the same. `neighbour` is another caller of the same
   * platform, whose objects the queries may name.
   */
  findQuestions?(caller: Asker, neighbour: Asker): Promise<Question[]>;
  /** Uses the subgraph as a customer and a super_admin do, in a deployment without data. Throws where it does not work. */
  walk?(context: WalkContext): Promise<void>;
  /** What customers do in the chaos test, while one process after the other is killed. */
  createLoad?(context: LoadContext): Promise<LoadPart>;
  /** Variables of docker-compose.yml without which that load would meet a limit of the subgraph. */
  loadVariables?: Readonly<Record<string, string>>;
};

/** The cases of the subgraphs that have some, by name, in the order of the registry. */
export const platformCases: ReadonlyMap<string, PlatformCases> = await readPlatformCases();

async function readPlatformCases(): Promise<Map<string, PlatformCases>> {
  const cases = new Map<string, PlatformCases>();
  for (const { name } of subgraphs) {
    const path = join(import.meta.dirname, `../../subgraphs/${name}/src/platform-cases.test-support.ts`);
    if (!existsSync(path)) continue;
    cases.set(name, (await import(pathToFileURL(path).href)).default);
  }
  return cases;
}
