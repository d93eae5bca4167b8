import { createFairBuffer, type FairBuffer, readClientPrefix } from '@signet/flow';
import {
  everydayRefusals,
  maxRefusalRecords,
  type Platform,
  platforms,
  type RefusalRecord,
  type RefusalRecordReport,
  refusalRecordPath,
} from '@signet/schema/contract';
import type { Logger } from '@signet/service';
import { accountIdOf, platformOf } from '@signet/session';
import { LRUCache } from 'lru-cache';
import type { FieldPlatforms } from '../access/field-platforms.ts';
import { createPlatformOf } from '../access/refusal-reports.ts';
import { createReportSender, type ReportSender, sendReport } from '../access/report-queue.ts';
import type { Entrance } from '../entrance/entrances.ts';
import type { EntranceProof } from '../subgraphs/entrance-proof.ts';
import { describeRefused, type RefusedRequest } from './refused-request.ts';

/** Records each refused request for auth, which keeps them for some days (docs/refusals.md). */
export type RefusalRecords = {
  /** Must be quick: called before the answer is sent. */
  add(request: RefusedRequest): void;
  stop(): Promise<void>;
};

export type RefusalRecordsOptions = {
  entrance: Pick<Entrance, 'name' | 'kind' | 'platforms'>;
  fieldPlatforms: Pick<FieldPlatforms, 'get'>;
  proof: Pick<EntranceProof, 'signerFor'>;
  /** Without these URLs there is no auth, and nothing is recorded. */
  config: { AUTH_USER_URL?: string | undefined; AUTH_PORTAL_URL?: string | undefined };
  logger: Pick<Logger, 'warn' | 'info'>;
  everyMs?: number;
  coverageMs?: number;
  perCallerAndMinute?: number;
  /** Records that wait: of callers with a session, and as many of others. */
  maxWaiting?: number;
};

/** Whoever is refused more often does the same again and again. */
const defaultPerCaller = 20;
const minuteMs = 60_000;
/** Some 500 KB. */
const defaultMaxWaiting = 400;
const maxKnownCallers = 5000;
const maxPauses = 30;
const mostLeftOut = 1_000_000_000;
/** How often a gateway says that nothing waits in it. */
const defaultCoverageMs = 10_000;

type Kind = 'known' | 'strangers';
type Waiting = {
  buffers: Readonly<Record<Kind, FairBuffer<RefusalRecord>>>;
  leftOut: number;
  /** When the first of them was refused. */
  leftOutSince: number | undefined;
  /** A report that got no answer. It is sent again, the same: auth may have taken it in. */
  unanswered: RefusalRecordReport | undefined;
  send: ReportSender;
  /** Of this platform's auth process alone: the other one may be well. */
  pauses: number;
  toSkip: number;
  /** When auth is told next that nothing waits, by `performance.now()`, and whether it took that the last time. */
  coversAt: number;
  isHeard: boolean;
};

/**
 * Sends records about once a second, at most `maxRefusalRecords` at a time: a flood is a bounded number of rows. Each caller (an account, the
 * network of a stranger) has a share of each minute and of what waits, and strangers can take no room of those with a session. What finds no
 * room is reported as a number, so that nobody takes a missing record for a request that was not refused; for the same reason auth is told, every
 * few seconds, up to when nothing waits here.
 */
export function createRefusalRecords(options: RefusalRecordsOptions): RefusalRecords {
  const { entrance, fieldPlatforms, proof, config, logger, everyMs = 1000 } = options;
  const { perCallerAndMinute = defaultPerCaller, maxWaiting = defaultMaxWaiting } = options;
  const { coverageMs = defaultCoverageMs } = options;
  const reporter = { source: crypto.randomUUID(), since: Date.now() };
  const sign = proof.signerFor('auth');
  const { AUTH_USER_URL: user, AUTH_PORTAL_URL: portal = user } = config;
  if (!sign || user === undefined || portal === undefined) return { add() {}, async stop() {} };
  const urls = { user, portal };
  const open = (authUrl: string): Waiting => ({
    buffers: { known: createFairBuffer(maxWaiting), strangers: createFairBuffer(maxWaiting) },
    leftOut: 0,
    leftOutSince: undefined,
    unanswered: undefined,
    send: createReportSender(refusalRecordPath, { entrance: entrance.kind, authUrl, sign }),
    pauses: 0,
    toSkip: 0,
    coversAt: 0,
    isHeard: false,
  });
  const leaveOut = (platform: Platform, count: number, since = Date.now()) => {
    const of = waiting[platform];
    of.leftOut = Math.min(mostLeftOut, of.leftOut + count);
    of.leftOutSince = Math.min(of.leftOutSince ?? since, since);
  };
  const waiting: Readonly<Record<Platform, Waiting>> = {
    user: open(urls.user),
    portal: open(urls.portal),
  };
  const platformOfField = createPlatformOf(entrance.platforms, fieldPlatforms);
  const counts = new LRUCache<string, { count: number }>({
    max: maxKnownCallers,
    ttl: minuteMs,
    noUpdateTTL: true,
  });
  const hasShare = (caller: string) => {
    const known = counts.get(caller) ?? { count: 0 };
    if (known.count === 0) counts.set(caller, known);
    known.count += 1;
    return known.count <= perCallerAndMinute;
  };

  const takeReport = (platform: Platform): RefusalRecordReport | undefined => {
    const { buffers, leftOut, leftOutSince } = waiting[platform];
    const half = maxRefusalRecords / 2;
    const known = buffers.known.take(Math.max(half, maxRefusalRecords - buffers.strangers.size));
    const records = [...known, ...buffers.strangers.take(maxRefusalRecords - known.length)];
    if (records.length === 0 && leftOut === 0) return undefined;
    waiting[platform].leftOut = 0;
    waiting[platform].leftOutSince = undefined;
    return { platform, records, ...(leftOut > 0 && { leftOut, leftOutSince }) };
  };
  const sendOne = async (platform: Platform): Promise<void> => {
    const own = waiting[platform];
    own.unanswered ??= takeReport(platform);
    if (!own.unanswered) return;
    const { records, leftOut = 0, leftOutSince } = own.unanswered;
    const isTaken = await own.send(own.unanswered);
    own.unanswered = undefined;
    if (isTaken) return;
    // That there were some must be known all the same.
    leaveOut(
      platform,
      leftOut + records.length,
      Math.min(leftOutSince ?? Date.now(), ...records.map(({ at }) => at)),
    );
    throw new Error('auth does not take records of refused requests: they are lost');
  };
  /** Says up to when everything was reported, where nothing waits. Never rejects: auth is told again soon. */
  const sendCoverage = async (platform: Platform, isLast = false): Promise<void> => {
    const of = waiting[platform];
    if (isWaiting(of) || !entrance.platforms.includes(platform)) return;
    const coverage = { ...reporter, until: Date.now(), isLast };
    const report = { platform, records: [], coverage } satisfies RefusalRecordReport;
    const sending = { entrance: entrance.kind, authUrl: urls[platform], sign };
    of.isHeard = await sendReport(refusalRecordPath, '', report, sending).catch(() => false);
    of.coversAt = performance.now() + (of.isHeard ? coverageMs : coverageMs / 2);
  };
  const trySending = async (platform: Platform): Promise<void> => {
    const own = waiting[platform];
    if (own.toSkip > 0) {
      own.toSkip -= 1;
      return;
    }
    try {
      await sendOne(platform);
      own.pauses = 0;
      if (performance.now() >= own.coversAt) await sendCoverage(platform);
    } catch (err) {
      if (own.pauses === 0)
        logger.warn({ err, entrance: entrance.name, platform }, 'refused requests could not be recorded yet');
      own.pauses = Math.min(maxPauses, own.pauses * 2 || 1);
      own.toSkip = own.pauses;
    }
  };
  const sendAll = async () => void (await Promise.all(platforms.map(trySending)));
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= sendAll().finally(() => {
      running = undefined;
    });
  }, everyMs).unref();

  const keep = (platform: Platform, caller: string, record: RefusalRecord) => {
    const kind = record.account ? 'known' : 'strangers';
    const dropped = waiting[platform].buffers[kind].add(caller, record);
    if (dropped) leaveOut(platform, 1, dropped.at);
  };
  return {
    add(request) {
      const { session, notes, oauth } = request;
      const field = notes.find((note) => note.field)?.field;
      const platform =
        oauth?.platform ?? (session.platform === 'none' ? platformOfField(field) : platformOf(session));
      // First, so that a flood is not even described.
      const caller = callerOf(request);
      if (hasShare(caller)) keep(platform, caller, describeRefused(request));
      else leaveOut(platform, 1);
    },
    async stop() {
      clearInterval(timer);
      await running;
      // Where auth did not answer the last time, stopping does not wait for it.
      const answering = platforms.filter((platform) => waiting[platform].pauses === 0);
      for (let round = 0; round < maxWaiting / maxRefusalRecords; round += 1) {
        const left = answering.filter(
          (platform) => waiting[platform].pauses === 0 && isWaiting(waiting[platform]),
        );
        if (left.length === 0) break;
        await Promise.all(left.map(trySending));
      }
      const heard = answering.filter((platform) => waiting[platform].isHeard);
      await Promise.all(heard.map((platform) => sendCoverage(platform, true)));
    },
  };
}

function isWaiting({ buffers, leftOut, unanswered }: Waiting): boolean {
  return unanswered !== undefined || buffers.known.size + buffers.strangers.size + leftOut > 0;
}

/** Whose share a record takes: the account's, or that of the network, which for IPv6 is a /48. */
function callerOf({ session, clientAddress, errors, oauth }: RefusedRequest): string {
  if (oauth?.client) return oauth.client.id;
  if (session.platform !== 'none') return accountIdOf(session);
  const { network } = readClientPrefix(clientAddress ?? null);
  // An office behind one address opens many pages: these take nothing of the others' share.
  const isEveryday =
    !oauth && errors.every(({ extensions }) => everydayRefusals.has(extensions?.reason as string));
  return isEveryday ? `${network} everyday` : network;
}
