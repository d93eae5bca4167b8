import type { RuleBook } from '../rule-book.ts';

/** What all subgraphs together wrote: each of their rules holds. */
export function mergeBooks(books: readonly RuleBook[]): RuleBook {
  const merged = new Map<string, ReturnType<RuleBook['get']> & object>();
  for (const [type, rules] of books.flatMap((book) => [...book])) {
    const known = merged.get(type);
    const fields = new Map(known?.fields ?? []);
    for (const [field, rule] of rules.fields) {
      const other = fields.get(field);
      fields.set(field, {
        hasRule: rule.hasRule || (other?.hasRule ?? false),
        conditions: [...(other?.conditions ?? []), ...rule.conditions],
      });
    }
    merged.set(type, {
      hasRule: rules.hasRule || (known?.hasRule ?? false),
      conditions: [...(known?.conditions ?? []), ...rules.conditions],
      isInterface: rules.isInterface,
      isEntity: rules.isEntity,
      fields,
    });
  }
  return merged;
}
