import { type DirectiveNode, Kind } from 'graphql';

/** One `@skip` or `@include` (GraphQL spec 3.13.1, 3.13.2). */
export type Condition = {
  /** The client's variable. Undefined for a literal, which `literal` has. */
  variable: string | undefined;
  literal: boolean;
  /** The value with which the selection stays. */
  keeps: boolean;
};

/** Reads `@skip` and `@include`. `nameOf` gives the client's name of a variable. */
export function readConditions(
  directives: readonly DirectiveNode[] = [],
  nameOf: (variable: string) => string = (name) => name,
): Condition[] {
  return directives.flatMap(({ name, arguments: args = [] }) => {
    if (name.value !== 'skip' && name.value !== 'include') return [];
    const value = args.find((argument) => argument.name.value === 'if')?.value;
    return {
      variable: value?.kind === Kind.VARIABLE ? nameOf(value.name.value) : undefined,
      literal: value?.kind === Kind.BOOLEAN && value.value,
      keeps: name.value === 'include',
    };
  });
}

/** @param variables coerced */
export function hold(
  conditions: readonly Condition[],
  variables: Readonly<Record<string, unknown>>,
): boolean {
  return conditions.every(
    ({ variable, literal, keeps }) =>
      (variable === undefined ? literal : variables[variable] === true) === keeps,
  );
}
