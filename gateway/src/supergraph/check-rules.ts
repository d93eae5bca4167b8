import type { RuleBook } from '@signet/access';
import { conditionsOf } from '@signet/access';
import { type DocumentNode, Kind } from 'graphql';

/**
 * Finds the fields of object types that have no rule, neither their own nor one of their type. With ACCESS=on they are refused to
 * everybody. Leaves out what the specifications of a supergraph add (`join__…`, `link__…`) and what is inaccessible.
 */
export function findFieldsWithoutRule(supergraph: DocumentNode, rules: RuleBook): string[] {
  return supergraph.definitions.flatMap((type) => {
    if (type.kind !== Kind.OBJECT_TYPE_DEFINITION || type.name.value.includes('__')) return [];
    return (type.fields ?? [])
      .filter(({ directives = [] }) => ![...(type.directives ?? []), ...directives].some(isInaccessible))
      .filter(({ name }) => conditionsOf(rules, type.name.value, name.value) === undefined)
      .map(({ name }) => `${type.name.value}.${name.value}`);
  });
}

function isInaccessible({ name }: { name: { value: string } }): boolean {
  return name.value === 'inaccessible';
}
