import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second in /proc: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;
const pageBytes = 4096;

export type ProcessUse = { cpuSeconds: number; residentMb: number };

/** CPU time and memory of a process and all that it has started, also of what has ended since, from Linux's /proc. */
export function readProcessTree(root: number): ProcessUse {
  const children = new Map<number, number[]>();
  const use = new Map<number, ProcessUse>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    const stat = Number.isInteger(pid) ? readStat(pid) : undefined;
    if (!stat) continue;
    use.set(pid, stat);
    children.set(stat.parent, [...(children.get(stat.parent) ?? []), pid]);
  }
  const total = { cpuSeconds: 0, residentMb: 0 };
  for (const queue = [root]; queue.length > 0; ) {
    const pid = queue.pop() as number;
    const { cpuSeconds = 0, residentMb = 0 } = use.get(pid) ?? {};
    total.cpuSeconds += cpuSeconds;
    total.residentMb += residentMb;
    queue.push(...(children.get(pid) ?? []));
  }
  return total;
}

/**
 * CPU time of the threads of a process that are there, to the nanosecond. `readProcessTree` counts threads that have ended as well, in steps of
 * 10 ms: too coarse for a tenth of a second.
 */
export function readThreadSeconds(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => {
    try {
      const [nanoseconds] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
      return sum + Number(nanoseconds) / 1e9;
    } catch {
      // It has ended since.
      return sum;
    }
  }, 0);
}

function readStat(pid: number): (ProcessUse & { parent: number }) | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the name in brackets, which may hold blanks. What follows begins with the third, the state.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [parent = 0, pages = 0] = [fields[1], fields[21]];
    // Of itself, and of the children that it has waited for.
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + field, 0);
    return {
      parent,
      cpuSeconds: ticks / ticksPerSecond,
      residentMb: (pages * pageBytes) / 2 ** 20,
    };
  } catch {
    // It has ended since.
    return undefined;
  }
}
