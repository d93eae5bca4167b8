import type { AccessGraph, GraphField } from './access-graph.ts';
import { type AccessWays, findAccessWays, type Viewpoint } from './access-ways.ts';
import { areSame, callerOf, combine, meets, minimize, type Way } from './ways.ts';

/**
 * A caller who may have more than before. `new`: the field is new. `rule`: by the rule of the field. `type`: objects of this
 * type come from a place where they did not come from before (`via`, an interface, a union, a field, or `schema` for a new root). `read`: the field `via`
 * is computed from this one, and asks for less. `reached`: nothing changed here, but the caller gets to the object now.
 */
export type AccessChange = {
  coordinate: string;
  caller: string;
  by: 'new' | 'rule' | 'type' | 'read' | 'reached';
  /**
   * For `new` and `rule`: the part of the caller that the field's rule asks for. The rest is what it takes to get the object, which
   * can be many things.
   */
  asks?: string;
  via?: string;
  line?: number | undefined;
};

/**
 * Everybody who may have in `after` what they could not have in `before`, by coordinate and caller; and who lost access. The changes
 * that are not `reached` cause all others: whoever decides about each of those has decided about everything.
 *
 * @param viewpoints the callers to look at; without, the callers follow from the rules: each smallest set of needs is one
 */
export function compareAccess(
  before: AccessGraph,
  after: AccessGraph,
  viewpoints: readonly Viewpoint[] = [undefined],
): { gains: AccessChange[]; losses: AccessChange[] } {
  const changes = viewpoints.map((viewpoint) => {
    const look = (graph: AccessGraph) => {
      const down = { graph, ways: findAccessWays(graph, viewpoint, 'down') };
      const up = down.ways.isRounded ? { graph, ways: findAccessWays(graph, viewpoint, 'up') } : down;
      return { down, up };
    };
    const [old, now] = [look(before), look(after)];
    return {
      gains: findGains(old.down, now.up, viewpoint),
      losses: findGains(now.down, old.up, viewpoint),
    };
  });
  return {
    gains: changes.flatMap(({ gains }) => gains),
    losses: changes.flatMap(({ losses }) => losses),
  };
}

function findGains(old: Side, now: Side, viewpoint: Viewpoint): AccessChange[] {
  const changes = [
    ...gainsByField(old, now),
    ...gainsByRoot(old, now),
    ...gainsByMember(old, now),
    ...gainsByInterface(old, now),
    ...gainsByRead(old, now),
  ];
  return changes.flatMap(({ ways, rules = [], ...change }) =>
    ways.map((way) => {
      const rule = rules.find((one) => meets(way, [one]));
      const asks = rule && describeCaller(viewpoint, rule);
      return { ...change, caller: describeCaller(viewpoint, way), ...(asks !== undefined && { asks }) };
    }),
  );
}

type Side = { graph: AccessGraph; ways: AccessWays };
type Gain = Omit<AccessChange, 'caller' | 'asks'> & { ways: readonly Way[]; rules?: readonly Way[] };

function gainsByField(old: Side, now: Side): Gain[] {
  const types = [...now.graph.types.keys()];
  const reachedAsBefore = new Set(
    types.filter((type) => areSame(old.ways.toType(type), now.ways.toType(type))),
  );
  return fieldsOf(now.graph).flatMap((field): Gain[] => {
    const { coordinate, line } = field;
    const known = findField(old.graph, coordinate);
    if (known && reachedAsBefore.has(field.type) && isUnchanged(known, field)) return [];
    const had = known ? old.ways.toField(known) : [];
    const gained = now.ways.toField(field).filter((way) => !meets(way, had));
    const rules = known ? old.ways.byRule(known) : [];
    const freshRules = now.ways.byRule(field).filter((way) => !meets(way, rules));
    const byRule = combine(now.ways.toType(field.type), freshRules).filter((way) => !meets(way, had));
    const byReturn = known && known.returns !== field.returns ? newlyReturned(field, old, now) : [];
    const reached = gained.filter((way) => !meets(way, byRule));
    return [
      { coordinate, line, by: known ? 'rule' : 'new', ways: byRule, rules: freshRules },
      { coordinate, line, by: 'type', via: coordinate, ways: byReturn.filter((way) => !meets(way, byRule)) },
      { coordinate, line, by: 'reached', ways: reached },
    ];
  });
}

function isUnchanged(old: GraphField, now: GraphField): boolean {
  return old.returns === now.returns && JSON.stringify(old.conditions) === JSON.stringify(now.conditions);
}

/** Who gets, by a field that returns another type than before, objects that they could not get. */
function newlyReturned(field: GraphField, old: Side, now: Side): readonly Way[] {
  const targets = now.graph.members.get(field.returns) ?? [field.returns];
  const ways = now.ways.toField(field);
  return minimize(
    [...targets].flatMap((type) =>
      now.graph.types.has(type) ? ways.filter((way) => !meets(way, old.ways.toType(type))) : [],
    ),
  );
}

/** Types that are a root and were none before. The fields of a new type are new themselves. */
function gainsByRoot(old: Side, now: Side): Gain[] {
  const everybody: Way = new Set();
  return now.graph.roots
    .filter((type) => old.graph.types.has(type) && !meets(everybody, old.ways.toType(type)))
    .map((type): Gain => ({ coordinate: type, by: 'type', via: 'schema', ways: [everybody] }));
}

/** Types that stand behind an interface or a union and did not before. The fields of a new type are new themselves. */
function gainsByMember(old: Side, now: Side): Gain[] {
  return [...now.graph.members].flatMap(([via, members]) =>
    [...members]
      .filter((type) => old.graph.types.has(type) && !old.graph.members.get(via)?.has(type))
      .map((type): Gain => {
        const ways = now.ways.toType(via).filter((way) => !meets(way, old.ways.toType(type)));
        return { coordinate: type, by: 'type', via, ways };
      }),
  );
}

/**
 * Fields of interfaces that ask for less of their own. Only those gain who could have the field of every implementation before: all
 * others gain there. Who gets one of the implementations can select it as the interface.
 */
function gainsByInterface(old: Side, now: Side): Gain[] {
  const known = new Map(old.graph.interfaceFields.map((field) => [field.coordinate, field]));
  return now.graph.interfaceFields.flatMap((field): Gain[] => {
    const { coordinate, line } = field;
    const before = known.get(coordinate);
    if (before === undefined || isUnchanged(before, field)) return [];
    const hadEach = byEachRule(old, before);
    const had = combine(hadEach, old.ways.byRule(before));
    const rules = combine(hadEach, combine(byEachRule(now, field), now.ways.byRule(field))).filter(
      (way) => !meets(way, had),
    );
    const members = [...(now.graph.members.get(field.type) ?? [])];
    const ways = combine(minimize(members.flatMap((type) => now.ways.toType(type))), rules);
    return [{ coordinate, line, by: 'rule', ways, rules }];
  });
}

/** The ways to meet the rule that each implementation has for a field of an interface. */
function byEachRule({ graph, ways }: Side, { coordinate, type }: GraphField): readonly Way[] {
  const name = coordinate.slice(type.length + 1);
  return [...(graph.members.get(type) ?? [])]
    .flatMap((member) => graph.types.get(member)?.get(name) ?? [])
    .map(ways.byRule)
    .reduce(combine, [new Set()]);
}

/** Fields that others read for callers who could neither have nor read them before. */
function gainsByRead(old: Side, now: Side): Gain[] {
  return now.graph.reads.flatMap(({ reader, read: coordinate }): Gain[] => {
    const ways = leaksOf(now, reader, coordinate);
    const known = findField(old.graph, coordinate);
    const readers = old.graph.reads.filter(({ read }) => read === coordinate);
    const had = [
      ...(known ? old.ways.toField(known) : []),
      ...readers.flatMap((one) => leaksOf(old, one.reader, coordinate)),
    ];
    return [{ coordinate, by: 'read', via: reader, ways: ways.filter((way) => !meets(way, had)) }];
  });
}

/** The ways to a field that do not meet the rule of the field that it reads. */
function leaksOf({ graph, ways }: Side, reader: string, read: string): Way[] {
  const field = findField(graph, reader);
  const target = findRead(graph, reader, read);
  if (!field || target?.conditions === undefined) return [];
  const wanted = ways.byRule(target);
  return ways.toField(field).filter((way) => !meets(way, wanted));
}

/** The field that is read, as a field of its own: it may be inaccessible to clients. */
function findRead(graph: AccessGraph, reader: string, read: string): GraphField | undefined {
  const known = graph.reads.find((one) => one.reader === reader && one.read === read);
  return known && { ...known, coordinate: read, type: '', returns: '', isDefault: false, line: undefined };
}

export function fieldsOf({ types }: AccessGraph): GraphField[] {
  return [...types.values()].flatMap((fields) => [...fields.values()]);
}

export function findField({ types }: AccessGraph, coordinate: string): GraphField | undefined {
  const [type = '', field = ''] = coordinate.split('.');
  return types.get(type)?.get(field);
}

function describeCaller(viewpoint: Viewpoint, way: Way): string {
  if (viewpoint === undefined) return callerOf(way);
  return way.size > 0 ? `${viewpoint.name} by ${[...way].sort().join(' and ')}` : viewpoint.name;
}
