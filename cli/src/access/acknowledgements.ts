import type { AccessChange } from '@signet/access';
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';

/** A gain of access that was decided, from the file that `--acknowledged` names. */
export type Acknowledgement = {
  coordinate: string;
  caller: string;
  reason: string;
  /** The last day on which it holds, `2027-01-31`, in UTC. */
  until?: string;
  line: number;
};

const keys = ['coordinate', 'caller', 'reason', 'until'];

/**
 * Reads acknowledgements: a list of `coordinate`, `caller` (one or a list), `reason` and, where it ends, `until`. An empty file has
 * none.
 *
 * @throws {Error} that names all faults with file, line and field
 */
export function readAcknowledgements(path: string, text: string): Acknowledgement[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const lineOf = (offset: number | undefined) => lines.linePos(offset ?? 0).line;
  const faults = document.errors.map(
    ({ pos, message }) => `${path}:${lineOf(pos[0])}: ${message.split('\n')[0]}`,
  );
  if (faults.length > 0) throw new Error(faults.join('\n'));
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null))
    return [];
  if (!isSeq(document.contents)) throw new Error(`${path}:1: must be a list of acknowledgements`);
  const found: Acknowledgement[] = [];
  for (const [index, item] of document.contents.items.entries()) {
    const line = lineOf(item.range[0]);
    const fault = (field: string, text: string, at = line) =>
      faults.push(`${path}:${at}: [${index}]${field} ${text}`);
    if (!isMap(item)) {
      fault('', 'must have coordinate, caller and reason');
      continue;
    }
    for (const { key } of item.items) {
      const name = String(key);
      if (!keys.includes(name))
        fault(`.${name}`, `is unknown; known are ${keys.join(', ')}`, lineOf(key.range[0]));
    }
    const values = item.toJSON() as Record<string, unknown>;
    const textOf = (field: string) => {
      const value = values[field];
      if (typeof value === 'string' && value.trim() !== '') return value.trim();
      fault(`.${field}`, value === undefined ? 'is missing' : 'must be a text');
      return '';
    };
    const [coordinate, reason] = [textOf('coordinate'), textOf('reason')];
    const callers = Array.isArray(values.caller) ? values.caller : [textOf('caller')];
    if (callers.length === 0 || callers.some((caller) => typeof caller !== 'string')) {
      fault('.caller', 'must be the name of a caller, or a list of names');
    }
    const until = 'until' in values ? textOf('until') : undefined;
    if (until && !isDate(until)) fault('.until', 'must be a date: 2027-01-31');
    for (const caller of callers as string[]) {
      found.push({ coordinate, caller, reason, line, ...(until && { until }) });
    }
  }
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return found;
}

function isDate(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return (
    /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(time) && new Date(time).toISOString().startsWith(text)
  );
}

/** A gain, and the acknowledgement of it that still holds. */
export type JudgedGain = AccessChange & { acknowledged?: Acknowledgement; expired?: Acknowledgement };

/** Finds the acknowledgement of each gain, and those that no gain needs any more. */
export function judgeGains(
  gains: readonly AccessChange[],
  acknowledgements: readonly Acknowledgement[],
  now: Date,
): { gains: JudgedGain[]; stale: Acknowledgement[] } {
  const today = now.toISOString().slice(0, 10);
  const unused = new Set(acknowledgements);
  const judged = gains.map((gain): JudgedGain => {
    const own = acknowledgements.filter(
      ({ coordinate, caller }) =>
        coordinate === gain.coordinate && (caller === gain.caller || caller === gain.asks),
    );
    for (const one of own) unused.delete(one);
    const valid = own.find(({ until }) => until === undefined || until >= today);
    if (valid) return { ...gain, acknowledged: valid };
    return own[0] ? { ...gain, expired: own[0] } : gain;
  });
  return { gains: judged, stale: [...unused] };
}
