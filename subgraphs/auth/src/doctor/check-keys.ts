import type { Database } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import type { Kysely } from 'kysely';
import { addSeconds } from '../dates.ts';
import { formatTime } from '../keys/cli/key-table.ts';
import { defaultKeyTiming, rotationDueAt, signsFrom } from '../keys/key-plan.ts';
import { openPemKeyRing } from '../keys/pem-keys.ts';
import { createKeyOpener } from '../keys/sealed-key.ts';
import { listSigningKeys, readDatabaseTime, type SigningKeyRow } from '../keys/signing-key.queries.ts';
import type { KeyOrigin } from '../settings.ts';
import { type Finding, ok, wrong } from './finding.ts';

export type CheckedKeys = {
  findings: Finding[];
  /** What a key set must hold; the one that signs first. */
  kids: readonly string[];
};

/** What a running auth process would have done by then, if there were one. */
const patienceSeconds = 60;

/** The keys open, one signs and one waits, and nothing is overdue. */
export async function checkKeys(
  db: Kysely<Database>,
  platform: Platform,
  origin: KeyOrigin,
): Promise<CheckedKeys> {
  const subject = `${platform} keys`;
  if (origin.kind === 'pem') {
    const kids = (await openPemKeyRing(platform, origin.pems)).listPublished().map(({ kid }) => kid);
    return {
      kids,
      findings: [ok(subject, `${kids[0]} signs, ${kids.length - 1} more; from the configuration`)],
    };
  }
  const rows = await listSigningKeys(db, platform);
  await createKeyOpener({ platform, keyEncryptionKey: origin.keyEncryptionKey })(rows);
  const active = rows.find(({ state }) => state === 'active');
  const next = rows.find(({ state }) => state === 'next');
  if (!active || !next) {
    const text = active ? 'no key waits beside the one that signs' : 'there is no key that signs';
    return { kids: [], findings: [wrong(subject, text, 'Start auth: it makes what is missing.')] };
  }
  const now = await readDatabaseTime(db);
  const kids = [active, ...rows.filter((row) => row !== active)].map(({ kid }) => kid);
  const overdue = findOverdue(active, next, rows, origin.rotationSeconds, now);
  return {
    kids,
    findings: overdue.length
      ? overdue.map((text) =>
          wrong(subject, text, 'An auth process does this within seconds: is one of this version running?'),
        )
      : [ok(subject, describeKeys(active, next, rows, origin.rotationSeconds))],
  };
}

function findOverdue(
  active: SigningKeyRow,
  next: SigningKeyRow,
  rows: readonly SigningKeyRow[],
  rotationSeconds: number,
  now: Date,
): string[] {
  const since = addSeconds(now, -patienceSeconds);
  const overdue = rows
    .filter(({ state, retire_at }) => state === 'retiring' && retire_at !== null && retire_at < since)
    .map(({ kid, retire_at }) => `${kid} should have left ${formatTime(retire_at)}`);
  const due = takesOverAt(active, next, rotationSeconds);
  if (due && due < since) {
    overdue.push(`${next.kid} should have taken over ${formatTime(due)}`);
  }
  return overdue;
}

function takesOverAt(active: SigningKeyRow, next: SigningKeyRow, rotationSeconds: number): Date | undefined {
  const due = rotationDueAt(active, next, { rotationSeconds });
  const earliest = signsFrom(next, defaultKeyTiming);
  return due && (due > earliest ? due : earliest);
}

function describeKeys(
  active: SigningKeyRow,
  next: SigningKeyRow,
  rows: readonly SigningKeyRow[],
  rotationSeconds: number,
): string {
  const due = takesOverAt(active, next, rotationSeconds);
  const retiring = rows.filter(({ state }) => state === 'retiring').length;
  return [
    `all open; ${active.kid} (${active.algorithm}) signs since ${formatTime(active.activated_at)}`,
    due ? `the next takes over ${formatTime(due)}` : 'the next waits for npm run keys -- rotate',
    ...(retiring ? [`${retiring} retiring`] : []),
  ].join('; ');
}
