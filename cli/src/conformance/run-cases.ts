import { type Answer, askGateway } from './ask.ts';
import { allCases, type NumberedCase } from './cases/all-cases.ts';
import { type CaseRequest, type Feature, holder, nobody } from './cases/case.ts';
import type { GraphName } from './graph/graphs.ts';
import type { RunningSubgraphs } from './graph/subgraph-servers.ts';
import type { ConformanceIssuer } from './issuer.ts';
import { judge, normalize, type Verdict } from './judge.ts';

export type CaseResult = Pick<NumberedCase, 'id' | 'area' | 'title' | 'says' | 'operation'> & Verdict;

/** Where the gateway answers, for each graph that it serves; a reason in place of the URL for one that it does not. */
export type Places = Readonly<
  Record<GraphName, { url: string; subgraphs: RunningSubgraphs } | { reason: string }>
>;

type RunOptions = {
  places: Places;
  issuer: ConformanceIssuer;
  /** What the gateway does not do, by feature or by area, with the reason. */
  lacks?: Readonly<Record<string, string>> | undefined;
  /** Only the case with this id, or those of this area. */
  only?: string | undefined;
};

/** The case with this id, those of this area, or all. */
export function selectCases(only: string | undefined): readonly NumberedCase[] {
  return allCases.filter(({ id, area }) => only === undefined || id === only || area === only);
}

/**
 * Runs the cases one after the other, since what subgraphs are asked for is counted. What a gateway cannot do is found out first; the
 * cases that need it are not supported.
 */
export async function runCases({ places, issuer, lacks = {}, only }: RunOptions): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  const probed = [places.main, places.recent].find((place) => 'url' in place);
  const missing = probed && 'url' in probed ? await findMissingFeatures(probed.url, issuer) : new Map();
  for (const one of selectCases(only)) {
    const { id, area, title, says, operation } = one;
    const place = places[one.graph ?? 'main'];
    const absent =
      lacks[area] ??
      ('reason' in place
        ? place.reason
        : one.needs && missing.has(one.needs)
          ? (lacks[one.needs] ?? missing.get(one.needs))
          : undefined);
    const verdict: Verdict =
      absent === undefined && 'url' in place
        ? await runCase(one, place, issuer)
        : { verdict: 'not supported', because: absent ?? '' };
    results.push({ id, area, title, says, operation, ...verdict });
  }
  return results;
}

/** The results of a gateway that cannot be started here. */
export function reportAllUnsupported(because: string, only?: string): CaseResult[] {
  return selectCases(only).map(({ id, area, title, says, operation }) => ({
    ...{ id, area, title, says, operation },
    verdict: 'not supported' as const,
    because,
  }));
}

async function runCase(
  one: NumberedCase,
  { url, subgraphs }: { url: string; subgraphs: RunningSubgraphs },
  issuer: ConformanceIssuer,
): Promise<Verdict> {
  try {
    for (const request of one.before ?? []) await askGateway(url, request, issuer);
    subgraphs.takeFetched();
    const answer = await askGateway(url, one, issuer);
    return await judge(one, answer, subgraphs.takeFetched());
  } catch (error) {
    return { verdict: 'wrong', because: `no answer: ${error instanceof Error ? error.message : error}` };
  }
}

/** What the gateway does not do even for what it may: each feature with what it answers. */
async function findMissingFeatures(url: string, issuer: ConformanceIssuer): Promise<Map<Feature, string>> {
  const probes: readonly [Feature, readonly CaseRequest[]][] = [
    ['policies', [{ as: holder(['one']), operation: '{ policied }' }]],
    [
      'persisted operations',
      (['hash and text', 'hash'] as const).map((by) => ({
        as: nobody,
        by,
        operation: 'query Probe { open }',
      })),
    ],
    ['subscriptions', [{ as: nobody, by: 'subscription', operation: 'subscription { openTicks }' }]],
  ];
  const missing = new Map<Feature, string>();
  for (const [feature, requests] of probes) {
    const answers: Answer[] = [];
    for (const request of requests) answers.push(await askGateway(url, request, issuer));
    const last = answers.at(-1);
    if (last?.errors.length === 0 && normalize(last.data) !== null) continue;
    missing.set(
      feature,
      `has no ${feature}: ${last?.status} ${last?.errors[0]?.message ?? last?.text.slice(0, 200)}`,
    );
  }
  return missing;
}
