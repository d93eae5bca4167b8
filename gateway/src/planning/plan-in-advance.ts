import { createHash } from 'node:crypto';
import { type DocumentNode, Kind, parse } from 'graphql';
import type { TrustedDocument } from '../documents/manifest.ts';
import type { OperationPlanner } from './operation-planner.ts';

export type PlanInAdvanceOptions = {
  planner: Pick<OperationPlanner<unknown>, 'plan' | 'documentOf'>;
  /** How long the returned promise takes at most. Planning goes on after that. */
  patienceMs?: number;
};

/** A start is not held up for longer. At some 10 ms an operation, this is about three hundred. */
const defaultPatienceMs = 3000;
/** All are planned in the turns of one caller, so that they take one worker and leave another to clients. */
const caller = 'documents in advance';

/**
 * Plans documents before a client sends them, one after the other. Those that cannot be planned are left out: a request for one is
 * refused like any other.
 */
export async function planInAdvance(
  documents: readonly Pick<TrustedDocument, 'body'>[],
  { planner, patienceMs = defaultPatienceMs }: PlanInAdvanceOptions,
): Promise<void> {
  if (documents.length === 0) return;
  const planned = planAll(documents, planner);
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, patienceMs);
  });
  await Promise.race([planned, patience]);
  clearTimeout(timer);
}

async function planAll(
  documents: readonly Pick<TrustedDocument, 'body'>[],
  planner: PlanInAdvanceOptions['planner'],
): Promise<void> {
  for (const { body: source } of documents) {
    const document = tryParse(source);
    if (!document) continue;
    const hash = createHash('sha256').update(source).digest('hex');
    for (const operation of document.definitions) {
      if (operation.kind !== Kind.OPERATION_DEFINITION) continue;
      const { kind } = await planner.plan({ hash, source, document, operation, caller });
      // The pool is stopped, or so busy that clients need it more.
      if (kind === 'no-room') return;
    }
    // Used again: so it is no longer on probation in the cache.
    planner.documentOf(hash);
  }
}

function tryParse(source: string): DocumentNode | undefined {
  try {
    return parse(source);
  } catch {
    return undefined;
  }
}
