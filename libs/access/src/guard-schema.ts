import {
  defaultFieldResolver,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLSchema,
  isIntrospectionType,
  isObjectType,
} from 'graphql';
import { assertSession, refuse } from './assert-session.ts';
import type { Condition } from './conditions.ts';
import type { GuardContext } from './guard-context.ts';
import { guardReferences } from './guard-references.ts';
import { createPolicyJudges, type PolicyJudges, type PolicyTable } from './policy-judge.ts';
import { conditionsOf, type RuleBook } from './rule-book.ts';

type Resolver = GraphQLFieldResolver<unknown, GuardContext>;

/**
 * Puts every field of a subgraph's schema behind its rule, in place. `_entities`, interfaces, unions, fragments and
 * aliases all end at an object type's field, so that is where the guard stands. A field without a rule is refused to
 * everyone. References are guarded too, see `guardReferences`.
 *
 * Call it last: a transform that comes after it may replace resolvers, and their guards with them.
 *
 * @throws {Error} for a rule that names a policy without a function, and for an entity whose reference resolver was lost.
 */
export function guardSchema<C extends GuardContext>(
  schema: GraphQLSchema,
  book: RuleBook,
  policies: PolicyTable<C>,
): GraphQLSchema {
  const judges = createPolicyJudges(policies as PolicyTable<GuardContext>);
  for (const type of Object.values(schema.getTypeMap())) {
    if (isObjectType(type) && !isIntrospectionType(type) && type.name !== '_Service') {
      for (const field of fieldsToGuard(type, schema)) {
        guardField(field, conditionsOf(book, type.name, field.name), judges);
      }
    }
  }
  guardReferences(schema, book, judges);
  return schema;
}

/** All but federation's own two: `_service` gives the SDL, `_entities` has a guard of another kind. */
function fieldsToGuard(type: GraphQLObjectType, schema: GraphQLSchema) {
  const isFederations = (name: string) =>
    type === schema.getQueryType() && (name === '_service' || name === '_entities');
  return Object.values(type.getFields()).filter(({ name }) => !isFederations(name));
}

function guardField(
  field: GraphQLField<unknown, GuardContext>,
  conditions: readonly Condition[] | undefined,
  judges: PolicyJudges,
): void {
  const guard = (resolve: Resolver) => (conditions ? guardResolver(conditions, resolve, judges) : refuseAll);
  field.resolve = guard(field.resolve ?? defaultFieldResolver);
  if (field.subscribe) {
    field.subscribe = guard(field.subscribe);
  }
}

function refuseAll(): never {
  throw new Error('This field has no access rule.');
}

function guardResolver(conditions: readonly Condition[], resolve: Resolver, judges: PolicyJudges): Resolver {
  if (conditions.length === 0) {
    return resolve;
  }
  const judge = judges(conditions);
  if (!judge) {
    return (parent, args, context, info) => {
      assertSession(conditions, context.session);
      return resolve(parent, args, context, info);
    };
  }
  return (parent, args, context, info) => {
    assertSession(conditions, context.session);
    const verdict = judge(context, parent, args);
    return verdict instanceof Promise
      ? verdict.then((value) => (value === true ? resolve(parent, args, context, info) : refuse()))
      : verdict === true
        ? resolve(parent, args, context, info)
        : refuse();
  };
}
