import type { RecordedRefusal } from '@signet/schema/contract';

/** What a check says of a refusal that its error does not say. */
export type RefusalNote = Partial<RecordedRefusal>;

const notes = new WeakMap<object, RefusalNote[]>();
/** A list of fifty refused objects is many notes, and says no more than these. */
const mostNotes = 50;

/**
 * Notes which check refuses a request, for whoever explains it later. `of`: Node's request before there is a context of the operation, that context
 * after. Only what refuses calls this: nothing is kept of a request that is not refused.
 */
export function noteRefusal(of: object, note: RefusalNote): void {
  const noted = notes.get(of);
  if (!noted) notes.set(of, [note]);
  else if (noted.length < mostNotes) noted.push(note);
}

export function refusalNotesOf(of: object): readonly RefusalNote[] {
  return notes.get(of) ?? [];
}
