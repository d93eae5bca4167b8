import { badInput } from '@signet/service';
import {
  defaultFieldResolver,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
} from 'graphql';
import { joinConditions } from './admitted-callers.ts';
import type { Condition } from './conditions.ts';
import { createPolicyJudges, type GuardContext, type PolicyJudges, type PolicyTable } from './policies.ts';
import { assertSession, refuse } from './require-session.ts';
import { conditionsOf, type RuleBook } from './rule-book.ts';

type Resolver = GraphQLFieldResolver<unknown, GuardContext>;

/**
 * Guards every field of a subgraph's schema by its rule, in place. The guard is on the fields of object types, because
 * `_entities`, interfaces, unions, fragments and aliases all end there. A field without a rule is refused to everybody.
 * What the rule of an object type asks of the session also holds for each field that has such an object: a mutation runs whatever is
 * selected of its result. Policies of that type are judged at its own fields, where the object is known.
 * References are guarded by `guardReferences`.
 *
 * Call it last: a later transform may replace resolvers together with their guards.
 *
 * @throws {Error} for a rule that names a policy without a function, and for an entity without a reference resolver.
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
        guardField(type.name, field, rulesOf(book, type.name, field), judges);
      }
    }
  }
  guardReferences(schema, book, judges);
  return schema;
}

/** All fields but two of federation: `_service` returns the SDL, and guardEntities guards `_entities`. */
function fieldsToGuard(type: GraphQLObjectType, schema: GraphQLSchema) {
  const isFederations = (name: string) =>
    type === schema.getQueryType() && (name === '_service' || name === '_entities');
  return Object.values(type.getFields()).filter(({ name }) => !isFederations(name));
}

/** `own`: all conditions of a field. `session`: those and the ones of the object type that it returns, to be met by the session. */
type FieldRules = { own: readonly Condition[]; session: readonly Condition[] };

function rulesOf(
  book: RuleBook,
  typeName: string,
  { name, type }: GraphQLField<unknown, GuardContext>,
): FieldRules | undefined {
  const own = conditionsOf(book, typeName, name);
  const returned = getNamedType(type);
  const ofObject = isObjectType(returned) ? (book.get(returned.name)?.conditions ?? []) : [];
  return own && { own, session: joinConditions(own, ofObject) };
}

function guardField(
  typeName: string,
  field: GraphQLField<unknown, GuardContext>,
  rules: FieldRules | undefined,
  judges: PolicyJudges,
): void {
  const guard = (resolve: Resolver) =>
    rules ? guardResolver(rules, resolve, judges) : refuseAll(`${typeName}.${field.name}`);
  field.resolve = guard(field.resolve ?? defaultFieldResolver);
  if (field.subscribe) {
    field.subscribe = guard(field.subscribe);
  }
}

function refuseAll(coordinate: string): () => never {
  return () => {
    throw new Error(`${coordinate} has no access rule, on itself or on its type, so nobody gets it.`);
  };
}

function guardResolver({ own, session }: FieldRules, resolve: Resolver, judges: PolicyJudges): Resolver {
  if (session.length === 0) {
    return resolve;
  }
  const judge = judges(own);
  if (!judge) {
    return (parent, args, context, info) => {
      assertSession(session, context.session);
      return resolve(parent, args, context, info);
    };
  }
  return (parent, args, context, info) => {
    assertSession(session, context.session);
    const verdict = judge(context, parent, args);
    return verdict instanceof Promise
      ? verdict.then((value) => (value === true ? resolve(parent, args, context, info) : refuse()))
      : verdict === true
        ? resolve(parent, args, context, info)
        : refuse();
  };
}

type Reference = (reference: unknown, context: GuardContext, info: never) => unknown;
type ReferenceHolder = { resolveReference?: Reference };

/**
 * Guards every `__resolveReference` by the rule of its type: the session is checked before a row is loaded, policies check the
 * loaded row. `_entities` accepts references only to types with such a resolver: for other types @apollo/subgraph returns what
 * the caller wrote, even if `@key` says `resolvable: false`.
 *
 * @throws {Error} for an entity without a resolver.
 */
function guardReferences(schema: GraphQLSchema, book: RuleBook, judges: PolicyJudges): void {
  const guarded = new Set<Reference>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) && !isInterfaceType(type)) {
      continue;
    }
    const holder = holderOf(type);
    if (holder?.resolveReference) {
      holder.resolveReference = guardReference(
        holder.resolveReference,
        conditionsOfReference(schema, book, type),
        judges,
      );
      guarded.add(holder.resolveReference);
    } else if (book.get(type.name)?.isEntity) {
      throw new Error(
        `The entity ${type.name} has no __resolveReference: _entities would answer with what the caller wrote.`,
      );
    }
  }
  guardEntities(schema, guarded);
}

/** The object in which @apollo/subgraph keeps the reference resolver of a type. */
function holderOf(type: unknown): ReferenceHolder | undefined {
  return isObjectType(type) || isInterfaceType(type)
    ? (type.extensions.apollo as { subgraph?: ReferenceHolder } | undefined)?.subgraph
    : undefined;
}

/** The conditions of the type; for an interface, those of all its implementations. */
function conditionsOfReference(
  schema: GraphQLSchema,
  book: RuleBook,
  type: GraphQLObjectType | GraphQLInterfaceType,
) {
  const types = isInterfaceType(type) ? schema.getPossibleTypes(type) : [type];
  return joinConditions(...types.map(({ name }) => book.get(name)?.conditions ?? []));
}

function guardReference(
  resolve: Reference,
  conditions: ReturnType<typeof conditionsOfReference>,
  judges: PolicyJudges,
): Reference {
  const judge = judges(conditions);
  if (!judge) {
    // It rejects and does not throw: the refusal of one reference does not affect the others of the request.
    return (reference, context, info) => {
      try {
        assertSession(conditions, context.session);
        return resolve(reference, context, info);
      } catch (error) {
        return Promise.reject(error);
      }
    };
  }
  return async (reference, context, info) => {
    assertSession(conditions, context.session);
    const row = await resolve(reference, context, info);
    const mayHave = row === null || row === undefined || (await judge(context, row, {})) === true;
    return mayHave ? row : refuse();
  };
}

function guardEntities(schema: GraphQLSchema, guarded: ReadonlySet<Reference>): void {
  const field = schema.getQueryType()?.getFields()._entities;
  const resolve = field?.resolve;
  if (!field || !resolve) {
    return;
  }
  field.resolve = (parent, args, context, info) => {
    for (const reference of args.representations as ({ __typename?: unknown } | null)[]) {
      // The schema that executes may be a transformed copy of the guarded one.
      const held = holderOf(info.schema.getType(String(reference?.__typename)))?.resolveReference;
      if (!held || !guarded.has(held)) {
        throw badInput('representations', 'References to this type are not resolved here.');
      }
    }
    return resolve(parent, args, context, info);
  };
}
