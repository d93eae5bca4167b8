/** What a selection set comes to, with its fragments spread; `@skip` and `@include` leave nothing out. */
export type Measures = {
  /** Fields, spreads and inline fragments. */
  fields: number;
  aliases: number;
  /** Fields inside one another, not counting those of introspection. */
  depth: number;
  /** Fields of the set itself, not of what they select. */
  ownFields: number;
  /** Those of the set itself that try a password or a refresh token. */
  ownCredentials: number;
  cost: number;
  /** Cost of what introspection selects, which is in no other number but `fields` and `aliases`. */
  introspection: number;
  /** Cost of an item of each list of the set itself whose length the enclosing field may set, by field name. Not in `cost`. */
  openLists: ReadonlyMap<string, number>;
};

export const nothing: Measures = {
  fields: 0,
  aliases: 0,
  depth: 0,
  ownFields: 0,
  ownCredentials: 0,
  cost: 0,
  introspection: 0,
  openLists: new Map(),
};

/** Above every limit, far below where numbers lose their precision: fragments that double with each line end here. */
const ceiling = 1e12;

export function cap(value: number): number {
  return Math.min(value, ceiling);
}

/** What selections beside one another come to. */
export function addUp(parts: readonly Measures[]): Measures {
  if (parts.length === 1) {
    return parts[0] as Measures;
  }
  const sum = { ...nothing };
  const openLists = new Map<string, number>();
  for (const part of parts) {
    sum.fields = cap(sum.fields + part.fields);
    sum.aliases = cap(sum.aliases + part.aliases);
    sum.depth = Math.max(sum.depth, part.depth);
    sum.ownFields = cap(sum.ownFields + part.ownFields);
    sum.ownCredentials = cap(sum.ownCredentials + part.ownCredentials);
    sum.cost = cap(sum.cost + part.cost);
    sum.introspection = cap(sum.introspection + part.introspection);
    for (const [name, cost] of part.openLists) {
      openLists.set(name, cap((openLists.get(name) ?? 0) + cost));
    }
  }
  return { ...sum, openLists };
}
