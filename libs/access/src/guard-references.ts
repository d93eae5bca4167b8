import { badInput } from '@signet/service';
import {
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
} from 'graphql';
import { assertSession, refuse } from './assert-session.ts';
import type { GuardContext } from './guard-context.ts';
import type { PolicyJudges } from './policy-judge.ts';
import type { RuleBook } from './rule-book.ts';

type Reference = (reference: unknown, context: GuardContext, info: never) => unknown;
type ReferenceHolder = { resolveReference?: Reference };

/**
 * Puts every `__resolveReference` behind its type's rule: who asks is judged before a row is loaded, policies judge the
 * row that was loaded. `_entities` takes references only of types that have such a resolver; of others @apollo/subgraph
 * gives back what the caller wrote, also where `@key` says `resolvable: false`.
 *
 * @throws {Error} for an entity without a resolver.
 */
export function guardReferences(schema: GraphQLSchema, book: RuleBook, judges: PolicyJudges): void {
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

/** Where @apollo/subgraph keeps the resolver of a type's references. */
function holderOf(type: unknown): ReferenceHolder | undefined {
  return isObjectType(type) || isInterfaceType(type)
    ? (type.extensions.apollo as { subgraph?: ReferenceHolder } | undefined)?.subgraph
    : undefined;
}

/** The type's own; those of all implementations where the reference is to an interface. */
function conditionsOfReference(
  schema: GraphQLSchema,
  book: RuleBook,
  type: GraphQLObjectType | GraphQLInterfaceType,
) {
  const types = isInterfaceType(type) ? schema.getPossibleTypes(type) : [type];
  return types.flatMap(({ name }) => book.get(name)?.conditions ?? []);
}

function guardReference(
  resolve: Reference,
  conditions: ReturnType<typeof conditionsOfReference>,
  judges: PolicyJudges,
): Reference {
  const judge = judges(conditions);
  // Rejects instead of throwing: the refusal of one reference leaves the others of the request alone.
  return async (reference, context, info) => {
    assertSession(conditions, context.session);
    const row = await resolve(reference, context, info);
    const mayHave = !judge || row === null || row === undefined || (await judge(context, row, {})) === true;
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
      // Of the schema that executes: a transform may have made it of the one that was guarded.
      const held = holderOf(info.schema.getType(String(reference?.__typename)))?.resolveReference;
      if (!held || !guarded.has(held)) {
        throw badInput('representations', 'References to this type are not resolved here.');
      }
    }
    return resolve(parent, args, context, info);
  };
}
