import { personsOnly } from './admitted-callers.ts';
import { type Condition, impliedTogether } from './conditions.ts';
import type { RuleBook } from './rule-book.ts';

/**
 * The conditions that an interface, or a field of it, has of its own. Composition copies the rules of the implementations onto their
 * interface; those are met by asking for the implementations that a selection can meet, and are left out here. What stays was
 * written on the interface itself, which composition allowed before Federation 2.9.
 *
 * @param field Without it: the conditions of the type.
 */
export function interfaceConditionsOf(book: RuleBook, name: string, field?: string): readonly Condition[] {
  const rules = book.get(name);
  const conditions = field === undefined ? [] : conditionsOfField(rules, field);
  const written = [...(rules?.conditions ?? []), ...conditions];
  if (written.length === 0) return [];
  const copied = [...book.values()]
    .filter(({ interfaces, isInterface }) => !isInterface && interfaces.includes(name))
    .flatMap((type) => [
      ...type.conditions,
      ...(field === undefined ? [] : (type.fields.get(field)?.conditions ?? [])),
    ]);
  const own = written.filter((condition) => !impliedTogether(copied, condition));
  // Composers do not copy `@callers`, so a copied rule seems to admit persons only.
  return own.every((condition) => condition === personsOnly) ? [] : own;
}

/** The default for fields without a rule is no rule of the interface. */
function conditionsOfField(rules: ReturnType<RuleBook['get']>, field: string): readonly Condition[] {
  const rule = rules?.fields.get(field);
  return rule === undefined || rule.isDefault ? [] : rule.conditions;
}
