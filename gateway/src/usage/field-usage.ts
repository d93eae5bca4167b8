import { otherUsage, type ReportedUsage } from '@signet/schema/contract';
import type { OperationIdentity } from '../telemetry/operation-identity.ts';
import type { RequestTelemetry } from '../telemetry/request-telemetry.ts';

/** Counts who asks for which field at an entrance. Everything in it is bounded, whatever clients call themselves and ask for. */
export type FieldUsage = {
  /** Must be quick: it is called at the end of each request. */
  add(request: RequestTelemetry): void;
  /** What was counted since the process started. */
  read(): readonly ReportedUsage[];
  /** What was counted since the last call. */
  take(): readonly ReportedUsage[];
};

/** Clients of a day that are told apart, by name and version. Further ones are `other`. */
export const maxClients = 100;
/** Pairs of operation and client that are counted as such. The fields of further ones are counted at once, which takes longer. */
const maxPairs = 2000;
/** Pairs of client and field that are kept, some 150 bytes each, beside those of the client `other`: that has one for each field at most. */
export const maxSums = 20_000;
const dayMs = 86_400_000;

/** Client and version, joined. Neither holds a line break. */
type Client = string;
const namelessClient: Client = '\n';
const otherClient: Client = `${otherUsage}\n`;

/**
 * Counts operations by client; only who reads it turns them into sums by field. A refused operation asked for nothing. `maxKept`: pairs of
 * client and field.
 */
export function createFieldUsage({ now = Date.now, maxKept = maxSums } = {}): FieldUsage {
  let counts = new Map<OperationIdentity, Map<Client, number>>();
  let pairs = 0;
  let day = Math.floor(now() / dayMs);
  const clients = new Set<Client>();
  const total = createSums(maxKept);
  const untaken = createSums(maxKept);
  const clientOf = ({ client: { name = '', version = '' } }: RequestTelemetry): Client => {
    const client = name === '' && version === '' ? namelessClient : `${name}\n${version}`;
    if (clients.has(client)) return client;
    if (clients.size >= maxClients) {
      // Where nobody takes what was counted, this alone ends the day.
      if (Math.floor(now() / dayMs) === day) return otherClient;
      settle();
    }
    clients.add(client);
    return client;
  };
  const addSum = (client: Client, field: string, count: number) => {
    total.add(client, field, count);
    untaken.add(client, field, count);
  };
  const settle = () => {
    for (const [{ fields = [] }, byClient] of counts) {
      for (const [client, count] of byClient) for (const field of fields) addSum(client, field, count);
    }
    counts = new Map();
    pairs = 0;
    const today = Math.floor(now() / dayMs);
    if (today !== day) clients.clear();
    day = today;
  };
  return {
    add(request) {
      const { operation, outcome } = request;
      if (!operation?.fields || outcome === 'refused') return;
      const client = clientOf(request);
      const byClient = counts.get(operation);
      const count = byClient?.get(client);
      if (count !== undefined) byClient?.set(client, count + 1);
      else if (pairs >= maxPairs) for (const field of operation.fields) addSum(client, field, 1);
      else {
        pairs += 1;
        if (byClient) byClient.set(client, 1);
        else counts.set(operation, new Map([[client, 1]]));
      }
    },
    read() {
      settle();
      return total.list();
    },
    take() {
      settle();
      return untaken.take();
    },
  };
}

/**
 * Sums by client and field. Beyond `most` of them, new ones count for the client `other`: whoever floods a gateway hides that a client asks for
 * a field, and never that somebody does.
 */
function createSums(most: number) {
  let sums = new Map<Client, Map<string, number>>();
  let size = 0;
  const list = (): ReportedUsage[] =>
    [...sums].flatMap(([key, byField]) => {
      const [client = '', version = ''] = key.split('\n');
      return [...byField].map(([coordinate, count]) => ({ coordinate, client, version, count }));
    });
  const add = (client: Client, field: string, count: number): void => {
    let byField = sums.get(client);
    const known = byField?.get(field);
    const isNew = known === undefined && client !== otherClient;
    if (isNew && size >= most) {
      add(otherClient, field, count);
      return;
    }
    if (isNew) size += 1;
    if (!byField) {
      byField = new Map();
      sums.set(client, byField);
    }
    byField.set(field, (known ?? 0) + count);
  };
  return {
    list,
    add,
    take(): ReportedUsage[] {
      const usage = list();
      sums = new Map();
      size = 0;
      return usage;
    },
  };
}
