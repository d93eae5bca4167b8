import type { GraphQLDataSource } from '@apollo/gateway';
import { type RefusingPlace, refusingPlaces } from '@signet/schema/contract';
import type { GatewayContext } from '../gateway-context.ts';
import type { RefusalReports } from './refusal-reports.ts';

/** A subgraph's source whose refusals are heard; as it is where the subgraph writes its own into the audit log. */
export function hearSubgraph(
  source: GraphQLDataSource,
  subgraph: string,
  reports: Pick<RefusalReports, 'hear'>,
): GraphQLDataSource {
  const place = refusingPlaces.find((known) => known === subgraph);
  return place
    ? { process: (options) => hearAnswer(source.process(options), place, options.context, reports) }
    : source;
}

async function hearAnswer<A extends Awaited<ReturnType<GraphQLDataSource['process']>>>(
  answering: Promise<A>,
  place: RefusingPlace,
  context: unknown,
  reports: Pick<RefusalReports, 'hear'>,
): Promise<A> {
  const answer = await answering;
  const { session, signetContext } = context as GatewayContext;
  // Fifty refused items of a list are one refusal.
  const reasons = new Set((answer.errors ?? []).map(({ extensions }) => extensions?.reason));
  for (const reason of reasons) {
    if (typeof reason === 'string') reports.hear({ reason, place, session, signetContext });
  }
  return answer;
}
