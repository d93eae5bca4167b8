/** A line of `npm run doctor`. A note is worth knowing and no fault. */
export type Finding = {
  kind: 'ok' | 'note' | 'wrong';
  subject: string;
  text: string;
  /** What to do. */
  advice?: string;
};

export function ok(subject: string, text: string): Finding {
  return { kind: 'ok', subject, text };
}

export function note(subject: string, text: string): Finding {
  return { kind: 'note', subject, text };
}

export function wrong(subject: string, text: string, advice: string): Finding {
  return { kind: 'wrong', subject, text, advice };
}

const labels = { ok: 'ok   ', note: 'note ', wrong: 'WRONG' } as const;

export function formatFinding({ kind, subject, text, advice }: Finding): string {
  const line = `${labels[kind]}  ${subject}: ${text}`;
  return advice ? `${line}\n         ${advice}` : line;
}

/** A time to the second; a dash where there is none. */
export function formatTime(time: Date | null): string {
  return time ? `${time.toISOString().slice(0, 19)}Z` : '–';
}
