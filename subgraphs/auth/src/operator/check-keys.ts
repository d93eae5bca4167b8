import type { Database } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import type { Kysely } from 'kysely';
import { addSeconds } from '../dates.ts';
import { defaultKeyTiming, rotationDueAt, signsFrom } from '../keys/key-plan.ts';
import { openPemKeyRing } from '../keys/pem-keys.ts';
import { createKeyOpener } from '../keys/sealed-key.ts';
import { listSigningKeys, readDatabaseTime, type SigningKeyRow } from '../keys/signing-key.queries.ts';
import type { KeyOrigin } from '../platform-settings.ts';
import { type Finding, formatTime, note, ok, wrong } from './finding.ts';

export type CheckedKeys = {
  findings: Finding[];
  /** What a key set must hold; the one that signs first. */
  kids: readonly string[];
};

/** What a running auth process would have done by then, if there were one. */
const patienceSeconds = 60;
/** For an answer with a key set. */
const timeoutMs = 3000;

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
  await createKeyOpener({ platform, keyEncryptionKeys: origin.keyEncryptionKeys })(rows);
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

type JwksPlace = {
  platform: Platform;
  url: string;
  /** What it must hold, the key that signs first; empty where that is not known here. */
  kids: readonly string[];
  /** What to do where nothing answers; without it that is a note only. */
  advice: string | undefined;
};

/** Reads a key set as a verifier would. */
export async function checkJwks({ platform, url, kids, advice }: JwksPlace): Promise<Finding> {
  const subject = `${platform} key set`;
  const read = await readKeySet(url);
  if ('fault' in read) {
    return advice
      ? wrong(subject, `${url} ${read.fault}`, advice)
      : note(subject, `${url} ${read.fault} from this machine`);
  }
  if (read.keys.some((key) => 'd' in key || 'k' in key || 'p' in key)) {
    return wrong(subject, `${url} shows a private key`, 'Take it off the network, and revoke the key.');
  }
  const published = new Set(read.keys.map(({ kid }) => kid));
  const missing = kids.filter((kid) => !published.has(kid));
  if (kids[0] !== undefined && missing.includes(kids[0])) {
    const text = `${url} lacks ${kids[0]}, which signs`;
    return wrong(subject, text, 'Another deployment answers there, or something keeps an old answer.');
  }
  return missing.length > 0
    ? note(subject, `${url} does not show ${missing.join(', ')} yet; a copy may be 15 minutes old`)
    : ok(subject, `${url} answers with ${read.keys.length} keys`);
}

type KeySet = { keys: { kid?: string }[] };

async function readKeySet(url: string): Promise<KeySet | { fault: string }> {
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok) {
      return { fault: `answers ${response.status}` };
    }
    const { keys } = (await response.json()) as Partial<KeySet>;
    return Array.isArray(keys) ? { keys } : { fault: 'answers with something else than a key set' };
  } catch (error) {
    const { code, message } = ((error as Error).cause ?? error) as { code?: string; message: string };
    return { fault: `can not be reached (${code ?? message})` };
  }
}
