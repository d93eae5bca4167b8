import type { Session } from '@signet/session';
import {
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { joinConditions } from './admitted-callers.ts';
import { type Condition, judgeSession, type Refusal } from './conditions.ts';
import { interfaceConditionsOf } from './interface-rules.ts';
import { conditionsOf, type RuleBook } from './rule-book.ts';

/** A refused field with its path in the answer (without list positions) and the reason. */
export type RefusedField = Refusal & {
  path: readonly string[];
  coordinate: string;
  /** The whole rule; undefined where there is none. */
  conditions?: readonly Condition[] | undefined;
};

/** The compiled rules of an operation. Holds no data of a caller. */
export type OperationGuard = {
  (session: Session, variables: Readonly<Record<string, unknown>>): RefusedField[];
  /** Grows with the memory of the guard; at most `maxOperationSize`. */
  readonly size: number;
};

/**
 * How large an operation may become when its fragments are expanded. Each visited selection counts 1 plus its depth, and each
 * type that a field may belong to counts 1. Fragments that spread fragments double the size with each line; a thousand fields at
 * depth ten count about 12,000.
 */
export const maxOperationSize = 50_000;

/** `@skip(if: $x)` or `@include(if: $x)` around a field: the field is left out if the variable has the value `leavesOut`. */
type Gate = { variable: string; leavesOut: boolean };
/** A node in the tree of the answer. Fields share the nodes above them. */
type Path = { above: Path | undefined; name: string; depth: number };
type GuardedField = { path: Path; coordinate: string; gates: readonly Gate[] };
type Group = { conditions: readonly Condition[] | undefined; fields: GuardedField[] };

type Walk = {
  schema: GraphQLSchema;
  book: RuleBook;
  fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** By the conditions of a rule as text: fields with the same rule are checked together. */
  groups: Map<string, Group>;
  size: number;
};

const noRule: Refusal = { reason: 'authz.permission.deny' };
const tooLarge: RefusedField = {
  reason: 'input.query',
  text: 'The operation selects too much at once. Ask for it in parts.',
  path: [],
  coordinate: '',
};

/**
 * Compiles the rules of an operation that is valid for the API schema. Behind an interface or a union, every implementation that
 * the enclosing type conditions permit must be allowed. The rule of an object type also holds for the field that has such an object:
 * whether there is one is nobody else's business, and a mutation runs whatever is selected of its result. `__typename` of an interface or a
 * union is open, since clients add it to every selection. Refused to everybody: a field without a rule, an operation larger than
 * `maxOperationSize`, and an operation of a kind that the schema does not have.
 */
export function compileOperationGuard(
  schema: GraphQLSchema,
  book: RuleBook,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): OperationGuard {
  const root = schema.getRootType(operation.operation);
  if (!root) {
    return Object.assign(() => [{ ...noRule, path: [], coordinate: operation.operation }], { size: 1 });
  }
  const fragments = document.definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION);
  const walk: Walk = {
    schema,
    book,
    fragments: new Map(fragments.map((fragment) => [fragment.name.value, fragment])),
    groups: new Map(),
    size: 0,
  };
  collect(walk, operation.selectionSet, {
    type: root,
    possible: new Set([root.name]),
    path: undefined,
    gates: [],
  });
  if (walk.size > maxOperationSize) {
    return Object.assign(() => [tooLarge], { size: 1 });
  }
  const groups = [...walk.groups.values()];
  return Object.assign(createGuard(groups), { size: walk.size });
}

function createGuard(groups: readonly Group[]) {
  return (session: Session, variables: Readonly<Record<string, unknown>>): RefusedField[] => {
    const refused = new Map<string, RefusedField>();
    const now = Date.now() / 1000;
    for (const { conditions, fields } of groups) {
      const refusal = conditions ? judgeSession(conditions, session, now) : noRule;
      if (!refusal) {
        continue;
      }
      // Only a field that is surely left out is skipped: null, which is no valid value of a gate, leaves nothing out.
      for (const { path, coordinate, gates } of fields) {
        if (!gates.some(({ variable, leavesOut }) => variables[variable] === leavesOut)) {
          const field = { ...refusal, path: namesOf(path), coordinate, conditions };
          // Several types behind one interface, or a field that is selected twice, are one place in the answer.
          const key = JSON.stringify([field.path, refusal]);
          refused.set(key, refused.get(key) ?? field);
        }
      }
    }
    // Whoever may not have a field at all is told that first.
    return [...refused.values()].sort(
      (a, b) => Number(a.stepUp !== undefined) - Number(b.stepUp !== undefined),
    );
  };
}

function namesOf(path: Path): string[] {
  const names: string[] = [];
  for (let node: Path | undefined = path; node; node = node.above) {
    names.push(node.name);
  }
  return names.reverse();
}

type Place = {
  type: GraphQLCompositeType;
  /** Names of the object types that a value can have here. */
  possible: ReadonlySet<string>;
  path: Path | undefined;
  gates: readonly Gate[];
  /** A type condition chose the type, and not the field above. */
  isNarrowed?: boolean;
};

function collect(walk: Walk, selections: SelectionSetNode, place: Place): void {
  for (const selection of selections.selections) {
    walk.size += 1 + (place.path?.depth ?? 0);
    if (walk.size > maxOperationSize) {
      return;
    }
    const gates = readGates(selection.directives ?? []);
    if (gates === 'never') {
      continue;
    }
    const here = gates.length > 0 ? { ...place, gates: [...place.gates, ...gates] } : place;
    if (selection.kind === Kind.FIELD) {
      collectField(walk, selection, here);
      continue;
    }
    const fragment =
      selection.kind === Kind.FRAGMENT_SPREAD ? walk.fragments.get(selection.name.value) : selection;
    if (fragment) {
      collect(walk, fragment.selectionSet, narrow(walk.schema, here, fragment.typeCondition?.name.value));
    }
  }
}

function collectField(walk: Walk, { name: { value: name }, alias, selectionSet }: FieldNode, place: Place) {
  if (name.startsWith('__') && name !== '__typename') {
    return;
  }
  const path = { above: place.path, name: alias?.value ?? name, depth: (place.path?.depth ?? 0) + 1 };
  const field = 'getFields' in place.type ? place.type.getFields()[name] : undefined;
  const type = field && getNamedType(field.type);
  const ofType = isObjectType(type) ? typeConditionsOf(walk, type.name) : [];
  const guarded = (typeName: string) => ({ path, coordinate: `${typeName}.${name}`, gates: place.gates });
  if (name !== '__typename') {
    for (const typeName of place.possible) {
      const own = conditionsOf(walk.book, typeName, name);
      guardField(walk, own && joinConditions(own, ofType), guarded(typeName));
    }
  } else if (place.isNarrowed && isObjectType(place.type)) {
    guardField(walk, typeConditionsOf(walk, place.type.name), guarded(place.type.name));
  }
  if (isInterfaceType(place.type) && (name !== '__typename' || place.isNarrowed)) {
    guardField(walk, interfaceConditionsOf(walk.book, place.type.name, name), guarded(place.type.name));
  }
  if (isInterfaceType(type)) {
    guardField(walk, interfaceConditionsOf(walk.book, type.name), guarded(place.type.name));
  }
  if (selectionSet && isCompositeType(type)) {
    const possible = possibleTypes(walk.schema, type);
    collect(walk, selectionSet, { type, possible, path, gates: place.gates });
  }
}

function typeConditionsOf({ book }: Walk, type: string): readonly Condition[] {
  return book.get(type)?.conditions ?? [];
}

function guardField(walk: Walk, conditions: readonly Condition[] | undefined, field: GuardedField): void {
  walk.size += 1;
  if (conditions?.length === 0) {
    return;
  }
  const key = JSON.stringify(conditions) ?? 'none';
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
  return {
    ...place,
    type,
    possible: new Set([...place.possible].filter((name) => allowed.has(name))),
    isNarrowed: type.name !== place.type.name || (place.isNarrowed ?? false),
  };
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
    const leavesOut = name.value === 'skip';
    if (condition.kind === Kind.VARIABLE) {
      gates.push({ variable: condition.name.value, leavesOut });
    } else if (condition.kind === Kind.BOOLEAN && condition.value === leavesOut) {
      return 'never';
    }
  }
  return gates;
}
