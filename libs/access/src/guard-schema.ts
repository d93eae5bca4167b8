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
import { conditionsOf, type RuleBook } from './rule-book.ts';

/** What a guard needs of a subgraph's context. */
export type GuardContext = { session: Session };

/**
 * Decides about one object. `parent` is what the field stands on: the caller may have written it, as a representation, so
 * an owner is read from the row that its id names, never from it.
 */
export type Policy<C> = (
  context: C,
  parent: unknown,
  args: Readonly<Record<string, unknown>>,
) => boolean | Promise<boolean>;
export type PolicyTable<C> = Readonly<Record<string, Policy<C>>>;

type Resolver = GraphQLFieldResolver<unknown, GuardContext>;
type Reference = (reference: unknown, context: GuardContext, info: never) => unknown;

/**
 * Puts every field of a subgraph's schema behind its rule, in place. `_entities`, interfaces, unions, fragments and
 * aliases all end at an object type's field, so that is where the guard stands. References are guarded by their type's
 * rule before a row is loaded. A field without a rule is refused to everyone.
 *
 * @throws {Error} for a rule that names a policy without a function.
 */
export function guardSchema<C extends GuardContext>(
  schema: GraphQLSchema,
  book: RuleBook,
  policies: PolicyTable<C>,
): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (isObjectType(type) && !type.name.startsWith('_')) {
      guardType(type, book, policies as PolicyTable<GuardContext>);
    }
  }
  return schema;
}

function guardType(type: GraphQLObjectType, book: RuleBook, policies: PolicyTable<GuardContext>): void {
  for (const field of Object.values(type.getFields())) {
    if (field.name === '_service' || field.name === '_entities') {
      continue;
    }
    const conditions = conditionsOf(book, type.name, field.name);
    if (conditions === undefined) {
      field.resolve = refuseEveryone;
    } else if (conditions.length > 0) {
      field.resolve = guardResolver(
        conditions,
        field.resolve ?? defaultFieldResolver,
        readPolicies(conditions, policies),
      );
    }
  }
  const typeConditions = (book.get(type.name)?.conditions ?? []).filter(({ kind }) => kind !== 'policies');
  const subgraph = type.extensions.apollo as { subgraph?: { resolveReference?: Reference } } | undefined;
  if (subgraph?.subgraph?.resolveReference && typeConditions.length > 0) {
    subgraph.subgraph.resolveReference = guardReference(typeConditions, subgraph.subgraph.resolveReference);
  }
}

function refuseEveryone(): never {
  throw new Error('This field has no access rule.');
}

type Alternatives = readonly (readonly Policy<GuardContext>[])[];

function guardResolver(
  conditions: readonly Condition[],
  resolve: Resolver,
  policies: readonly Alternatives[],
): Resolver {
  const sessionConditions = conditions.filter(({ kind }) => kind !== 'policies');
  // Whoever must pass a policy must be somebody.
  const asked: readonly Condition[] =
    policies.length > 0 ? [...sessionConditions, { kind: 'authenticated' }] : sessionConditions;
  if (policies.length === 0) {
    return (parent, args, context, info) => {
      assertSession(asked, context);
      return resolve(parent, args, context, info);
    };
  }
  return async (parent, args, context, info) => {
    assertSession(asked, context);
    for (const alternatives of policies) {
      if (!(await passesOne(alternatives, context, parent, args))) {
        throw new RefusalError('authz.permission.deny');
      }
    }
    return resolve(parent, args, context, info);
  };
}

function guardReference(conditions: readonly Condition[], resolve: Reference): Reference {
  return (reference, context, info) => {
    assertSession(conditions, context);
    return resolve(reference, context, info);
  };
}

function assertSession(conditions: readonly Condition[], context: GuardContext): void {
  const refusal = judgeSession(conditions, context.session);
  if (refusal) {
    throw new RefusalError(refusal.reason, refusal.text === undefined ? {} : { text: refusal.text });
  }
}

async function passesOne(
  alternatives: Alternatives,
  context: GuardContext,
  parent: unknown,
  args: Record<string, unknown>,
): Promise<boolean> {
  for (const allOf of alternatives) {
    const verdicts = await Promise.all(allOf.map((policy) => policy(context, parent, args)));
    if (verdicts.length > 0 && verdicts.every((verdict) => verdict === true)) {
      return true;
    }
  }
  return false;
}

function readPolicies(conditions: readonly Condition[], policies: PolicyTable<GuardContext>): Alternatives[] {
  return conditions.flatMap((condition) =>
    condition.kind === 'policies'
      ? [condition.anyOf.map((allOf) => allOf.map((name) => getPolicy(policies, name)))]
      : [],
  );
}

function getPolicy(policies: PolicyTable<GuardContext>, name: string): Policy<GuardContext> {
  const policy = Object.hasOwn(policies, name) ? policies[name] : undefined;
  if (!policy) {
    throw new Error(`A rule names the policy '${name}', for which policies.ts has no function.`);
  }
  return policy;
}
