import { RefusalError } from '@signet/service';
import type { Session } from '@signet/session';
import {
  defaultFieldResolver,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLSchema,
  isObjectType,
} from 'graphql';
import { type Condition, judgeSession } from './conditions.ts';
import { createPolicyJudge, type PolicyTable } from './policy-judge.ts';
import { conditionsOf, type RuleBook } from './rule-book.ts';

/** What a guard needs of a subgraph's context. */
export type GuardContext = { session: Session };

type Resolver = GraphQLFieldResolver<unknown, GuardContext>;
type Reference = (reference: unknown, context: GuardContext, info: never) => unknown;

/**
 * Puts every field of a subgraph's schema behind its rule, in place. `_entities`, interfaces, unions, fragments and
 * aliases all end at an object type's field, so that is where the guard stands. References are guarded by their type's
 * rule before a row is loaded. A field without a rule is refused to everyone.
 *
 * @throws {Error} for a rule that names a policy without a function, and for an entity whose reference resolver was lost:
 * `_entities` would answer with what the caller wrote.
 */
export function guardSchema<C extends GuardContext>(
  schema: GraphQLSchema,
  book: RuleBook,
  policies: PolicyTable<C>,
): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (isObjectType(type) && !type.name.startsWith('_')) {
      guardFields(type, book, policies as PolicyTable<GuardContext>);
      guardReference(type, book);
    }
  }
  return schema;
}

function guardFields(type: GraphQLObjectType, book: RuleBook, policies: PolicyTable<GuardContext>): void {
  for (const field of Object.values(type.getFields())) {
    if (field.name === '_service' || field.name === '_entities') {
      continue;
    }
    const conditions = conditionsOf(book, type.name, field.name);
    if (conditions === undefined) {
      field.resolve = refuseEveryone;
    } else if (conditions.length > 0) {
      field.resolve = guardResolver(conditions, field.resolve ?? defaultFieldResolver, policies);
    }
  }
}

function refuseEveryone(): never {
  throw new Error('This field has no access rule.');
}

function guardResolver(
  conditions: readonly Condition[],
  resolve: Resolver,
  policies: PolicyTable<GuardContext>,
): Resolver {
  const judge = createPolicyJudge(conditions, policies);
  if (!judge) {
    return (parent, args, context, info) => {
      assertSession(conditions, context);
      return resolve(parent, args, context, info);
    };
  }
  return (parent, args, context, info) => {
    assertSession(conditions, context);
    const verdict = judge(context, parent, args);
    if (verdict instanceof Promise) {
      return verdict.then((value) => (value === true ? resolve(parent, args, context, info) : refuse()));
    }
    return verdict === true ? resolve(parent, args, context, info) : refuse();
  };
}

function refuse(): never {
  throw new RefusalError('authz.permission.deny');
}

function assertSession(conditions: readonly Condition[], context: GuardContext): void {
  const refusal = judgeSession(conditions, context.session);
  if (refusal) {
    throw new RefusalError(refusal.reason, refusal.text === undefined ? {} : { text: refusal.text });
  }
}

function guardReference(type: GraphQLObjectType, book: RuleBook): void {
  const subgraph = (type.extensions.apollo as { subgraph?: { resolveReference?: Reference } } | undefined)
    ?.subgraph;
  const resolve = subgraph?.resolveReference;
  if (book.get(type.name)?.isEntity && !resolve) {
    throw new Error(
      `The entity ${type.name} has no __resolveReference: _entities would answer with what the caller wrote.`,
    );
  }
  const conditions = book.get(type.name)?.conditions ?? [];
  if (subgraph && resolve && conditions.length > 0) {
    // Rejects instead of throwing: the refusal of one reference leaves the others of the request alone.
    subgraph.resolveReference = async (reference, context, info) => {
      assertSession(conditions, context);
      return resolve(reference, context, info);
    };
  }
}
