import type { Session } from '@signet/session';
import {
  type DirectiveNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { type Condition, judgeSession, type Refusal } from './conditions.ts';
import { conditionsOf, type RuleBook } from './rule-book.ts';

/** A refused field: where it stands in the answer (list positions left out), and why. */
export type RefusedField = Refusal & { path: readonly string[]; coordinate: string };

/** An operation's rules, compiled once. Holds nothing of any caller. */
export type OperationGuard = (
  session: Session,
  variables: Readonly<Record<string, unknown>>,
) => RefusedField[];

/** `@skip(if: $x)` or `@include(if: $x)` around a field: it counts when the variable has this value. */
type Gate = { variable: string; value: boolean };
type GuardedField = { path: readonly string[]; coordinate: string; gates: readonly Gate[] };

type Walk = {
  schema: GraphQLSchema;
  book: RuleBook;
  fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** By the rule's conditions as text: fields with the same rule are judged together. */
  groups: Map<string, { conditions: readonly Condition[]; fields: GuardedField[] }>;
};

/**
 * Compiles the rules of a valid operation against the API schema. Through an interface or a union, every implementation
 * that the enclosing type conditions allow must be allowed. A field without any rule is refused to everyone.
 */
export function compileOperationGuard(
  schema: GraphQLSchema,
  book: RuleBook,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): OperationGuard {
  const root = schema.getRootType(operation.operation);
  const fragments = document.definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION);
  const walk: Walk = {
    schema,
    book,
    fragments: new Map(fragments.map((fragment) => [fragment.name.value, fragment])),
    groups: new Map(),
  };
  if (root) {
    collect(walk, operation.selectionSet, {
      type: root,
      possible: new Set([root.name]),
      path: [],
      gates: [],
    });
  }
  const groups = [...walk.groups.values()];
  return (session, variables) => {
    const refused: RefusedField[] = [];
    for (const { conditions, fields } of groups) {
      const refusal = judgeSession(conditions, session);
      if (refusal) {
        refused.push(
          ...fields
            .filter(({ gates }) => gates.every((gate) => variables[gate.variable] === gate.value))
            .map(({ path, coordinate }) => ({ ...refusal, path, coordinate })),
        );
      }
    }
    return refused;
  };
}

type Place = {
  type: GraphQLCompositeType;
  /** Names of the object types that a value here can have. */
  possible: ReadonlySet<string>;
  path: readonly string[];
  gates: readonly Gate[];
};

function collect(walk: Walk, selections: SelectionSetNode, place: Place): void {
  for (const selection of selections.selections) {
    const gates = readGates(selection.directives ?? []);
    if (gates === 'never') {
      continue;
    }
    const here = gates.length > 0 ? { ...place, gates: [...place.gates, ...gates] } : place;
    if (selection.kind === Kind.FIELD) {
      collectField(
        walk,
        selection.name.value,
        selection.alias?.value ?? selection.name.value,
        selection.selectionSet,
        here,
      );
      continue;
    }
    const fragment =
      selection.kind === Kind.FRAGMENT_SPREAD ? walk.fragments.get(selection.name.value) : selection;
    if (fragment) {
      collect(walk, fragment.selectionSet, narrow(walk.schema, here, fragment.typeCondition?.name.value));
    }
  }
}

function collectField(
  walk: Walk,
  name: string,
  responseName: string,
  selections: SelectionSetNode | undefined,
  place: Place,
): void {
  if (name.startsWith('__')) {
    return;
  }
  const path = [...place.path, responseName];
  for (const typeName of place.possible) {
    guardField(walk, typeName, name, { path, coordinate: `${typeName}.${name}`, gates: place.gates });
  }
  const field = 'getFields' in place.type ? place.type.getFields()[name] : undefined;
  const type = field && getNamedType(field.type);
  if (selections && isCompositeType(type)) {
    collect(walk, selections, { type, possible: possibleTypes(walk.schema, type), path, gates: place.gates });
  }
}

/** Nobody meets these: both platforms at once. */
const nobody: readonly Condition[] = [
  { kind: 'platform', is: 'user' },
  { kind: 'platform', is: 'portal' },
];

function guardField(walk: Walk, type: string, name: string, field: GuardedField): void {
  const conditions = conditionsOf(walk.book, type, name) ?? nobody;
  if (conditions.length === 0) {
    return;
  }
  const key = JSON.stringify(conditions);
  const group = walk.groups.get(key);
  if (group) {
    group.fields.push(field);
  } else {
    walk.groups.set(key, { conditions, fields: [field] });
  }
}

function narrow(schema: GraphQLSchema, place: Place, condition: string | undefined): Place {
  const type = condition === undefined ? undefined : schema.getType(condition);
  if (!isCompositeType(type)) {
    return place;
  }
  const allowed = possibleTypes(schema, type);
  return { ...place, type, possible: new Set([...place.possible].filter((name) => allowed.has(name))) };
}

function possibleTypes(schema: GraphQLSchema, type: GraphQLCompositeType): ReadonlySet<string> {
  return new Set(isAbstractType(type) ? schema.getPossibleTypes(type).map(({ name }) => name) : [type.name]);
}

function readGates(directives: readonly DirectiveNode[]): Gate[] | 'never' {
  const gates: Gate[] = [];
  for (const { name, arguments: args } of directives) {
    const condition = args?.find((argument) => argument.name.value === 'if')?.value;
    if ((name.value !== 'skip' && name.value !== 'include') || !condition) {
      continue;
    }
    const wanted = name.value === 'include';
    if (condition.kind === Kind.VARIABLE) {
      gates.push({ variable: condition.name.value, value: wanted });
    } else if (condition.kind === Kind.BOOLEAN && condition.value !== wanted) {
      return 'never';
    }
  }
  return gates;
}
