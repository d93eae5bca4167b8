import type { AccessChange } from '@signet/access';
import type { Acknowledgement, JudgedGain } from './acknowledgements.ts';
import type { SchemaChange } from './breaking-changes.ts';

/** What a comparison of two supergraphs found. */
export type AccessReport = {
  supergraph: string;
  against: string;
  /** The file of acknowledgements, where there is one. */
  acknowledgements?: string;
  /** What is wrong with the rules of the new one and was not with those of the old one. */
  faults: readonly string[];
  gains: readonly JudgedGain[];
  losses: readonly AccessChange[];
  changes: readonly SchemaChange[];
  /** Acknowledgements of gains that are none any more. They would accept a later gain. */
  stale: readonly Acknowledgement[];
};

/** Gains that cause others, and that nobody acknowledged. */
export function findUndecided({ gains }: Pick<AccessReport, 'gains'>): JudgedGain[] {
  return gains.filter(({ by, acknowledged }) => by !== 'reached' && !acknowledged);
}

/** Whether the new supergraph is not to be taken as it is: a fault, a gain that nobody acknowledged, or a stale acknowledgement. */
export function isRefused(report: AccessReport): boolean {
  return report.faults.length > 0 || report.stale.length > 0 || findUndecided(report).length > 0;
}

/** The first line of a report: `2 gains of access, 1 of them not acknowledged; 3 losses; …`. */
export function summarize(report: AccessReport): string {
  const gains = report.gains.filter(isCause);
  const undecided = findUndecided(report).length;
  const breaking = report.changes.filter(({ isBreaking }) => isBreaking).length;
  const parts = [
    `${count(gains.length, 'gain')} of access${gains.length > 0 ? `, ${undecided} of them not acknowledged` : ''}`,
    count(report.losses.filter(isCause).length, 'loss', 'losses'),
    count(breaking, 'breaking change'),
    ...(report.stale.length > 0 ? [count(report.stale.length, 'stale acknowledgement')] : []),
    ...(report.faults.length > 0 ? [count(report.faults.length, 'new fault')] : []),
  ];
  return parts.join('; ');
}

function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

export function isCause({ by }: AccessChange): boolean {
  return by !== 'reached';
}

/** Why a caller gained or lost access there. */
export function describeCause({ by, via }: AccessChange, kind: 'gain' | 'loss'): string {
  switch (by) {
    case 'new':
      return kind === 'gain' ? 'new field' : 'field removed';
    case 'rule':
      return 'rule changed';
    case 'type':
      return kind === 'gain' ? `now behind ${via}` : `no longer behind ${via}`;
    case 'read':
      return kind === 'gain' ? `now read by ${via}` : `no longer read by ${via}`;
    default:
      return 'follows from another change';
  }
}

/** More callers than this are named by what the rule asks for. */
const maxCallers = 4;

export type ChangeGroup<C> = C & { callers: string[] };

/** Changes of one coordinate with one cause are one line, with the names of all callers. */
export function groupChanges<C extends AccessChange>(changes: readonly C[]): ChangeGroup<C>[] {
  const groups = new Map<string, C[]>();
  for (const change of changes) {
    const { coordinate, by, via } = change;
    const { acknowledged, expired } = change as Partial<JudgedGain>;
    const key = JSON.stringify([coordinate, by, via, acknowledged, expired]);
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(change);
  }
  return [...groups.values()].map((group) => ({ ...(group[0] as C), callers: nameCallers(group) }));
}

function nameCallers(group: readonly AccessChange[]): string[] {
  const name = ({ caller, asks }: AccessChange) => (group.length > maxCallers ? (asks ?? caller) : caller);
  return [...new Set(group.map(name))];
}

/** What to add to the file of acknowledgements, as YAML. */
export function suggestAcknowledgements(undecided: readonly JudgedGain[]): string {
  return groupChanges(undecided)
    .map(({ coordinate, callers }) => {
      const caller = JSON.stringify(callers.length === 1 ? callers[0] : callers);
      return `- coordinate: ${coordinate}\n  caller: ${caller}\n  reason:\n`;
    })
    .join('');
}
