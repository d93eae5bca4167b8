/**
 * Every metric of Signet: what docs/metrics.md documents and dashboards may ask for. Names begin with `signet_`, units are base units,
 * counters end in `_total` (https://prometheus.io/docs/practices/naming/). Each series also has the label `service`: the process, or
 * under `npm start` the part of it, that measured.
 */
export type MetricDefinition = {
  type: 'counter' | 'gauge' | 'histogram';
  help: string;
  labels: readonly string[];
  /** Upper bounds of a histogram. */
  buckets?: readonly number[];
};

/** From the fastest known operation to the longest time that REQUEST_TIMEOUT_MS allows by default. */
const requestSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15];
const workSeconds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const waitSeconds = [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

export const catalogue = {
  signet_requests_total: {
    type: 'counter',
    help: 'Requests that an entrance has answered, probes excepted. outcome: ok, partial (data beside errors), refused (4xx, or errors that refuse), failed (5xx, or an error of ours), left (the client closed its connection first).',
    labels: ['entrance', 'outcome'],
  },
  signet_request_duration_seconds: {
    type: 'histogram',
    help: 'Time from the headers of a GraphQL or OAuth request to its answer, by the name of the operation. "-": it has none, "other": beyond the first 200 names of the entrance.',
    labels: ['entrance', 'operation'],
    buckets: requestSeconds,
  },
  signet_requests_in_flight: {
    type: 'gauge',
    help: 'Requests of an entrance that have no answer yet.',
    labels: ['entrance'],
  },
  signet_refusals_total: {
    type: 'counter',
    help: 'Errors in answers, counted once a request and reason (docs/errors.md). "-": the error has no reason, "input": a faulty input field.',
    labels: ['entrance', 'code', 'reason'],
  },
  signet_limit_refusals_total: {
    type: 'counter',
    help: 'Requests and connections refused by a limit: one of an operation, or a budget of the entrance (docs/limits.md). limit "document_operations": too many in one document; "operations": too many under way.',
    labels: ['entrance', 'limit'],
  },
  signet_fetch_duration_seconds: {
    type: 'histogram',
    help: 'Time of one fetch from a gateway to a subgraph, with the wait for its turn. outcome: ok, errors (the answer has errors), failed (no answer, or none that is GraphQL).',
    labels: ['subgraph', 'outcome'],
    buckets: requestSeconds,
  },
  signet_circuit_open: {
    type: 'gauge',
    help: '1 while an entrance sends nothing to an address of a subgraph, since it gave no sign of life; else 0.',
    labels: ['entrance', 'subgraph'],
  },
  signet_plan_duration_seconds: {
    type: 'histogram',
    help: 'Time to validate and plan an operation that was not known, with the wait for a worker.',
    labels: ['entrance'],
    buckets: workSeconds,
  },
  signet_plan_cache_total: {
    type: 'counter',
    help: 'Looks for the plan of an operation. result: hit, text (kept as text and compiled again), miss (planned by a worker), refused (remembered as one that cannot be planned).',
    labels: ['entrance', 'result'],
  },
  signet_planning_queue_length: {
    type: 'gauge',
    help: 'Operations that wait for a planning worker.',
    labels: [],
  },
  signet_token_cache_total: {
    type: 'counter',
    help: 'Access tokens that were looked for among those that passed before. result: hit, miss.',
    labels: ['result'],
  },
  signet_token_verifications_total: {
    type: 'counter',
    help: 'Access tokens judged. platform is "-" where the token names no issuer that is trusted here. outcome: ok, unavailable, or the reason of the refusal.',
    labels: ['platform', 'outcome'],
  },
  signet_revocation_lag_seconds: {
    type: 'histogram',
    help: 'Time from when a revocation was written, at the begin of its transaction, to when this process knew it. Clocks of two machines differ.',
    labels: [],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
  signet_revocation_feed_age_seconds: {
    type: 'gauge',
    help: 'Time since the revocations were last read.',
    labels: [],
  },
  signet_sign_ins_total: {
    type: 'counter',
    help: 'Sign-ins that succeeded or were refused. outcome: ok, challenged (a second factor is asked for), or the reason of the refusal.',
    labels: ['platform', 'outcome'],
  },
  signet_password_queue_length: {
    type: 'gauge',
    help: 'Passwords that wait to be hashed or compared.',
    labels: ['platform'],
  },
  signet_password_wait_seconds: {
    type: 'histogram',
    help: 'Time that a password waited for a worker.',
    labels: ['platform'],
    buckets: waitSeconds,
  },
  signet_throttled_total: {
    type: 'counter',
    help: 'Attempts that a throttle refused. kind: what it counts (docs/sign-in-limits.md); "asked" stands for a sign-in during a pause, "queue" for a password without a free thread.',
    labels: ['platform', 'kind'],
  },
  signet_signing_key_age_seconds: {
    type: 'gauge',
    help: 'Age of the youngest signing key in each state: next, active, retiring; of the active one since it signs. Keys of PEM files have none.',
    labels: ['platform', 'state'],
  },
  signet_jwks_age_seconds: {
    type: 'gauge',
    help: 'Time since the keys of an issuer were last fetched.',
    labels: ['issuer'],
  },
  signet_mail_outbox: {
    type: 'gauge',
    help: 'Mails in the outbox. state: waiting, given_up.',
    labels: ['platform', 'state'],
  },
  signet_mail_oldest_seconds: {
    type: 'gauge',
    help: 'Age of the mail that has waited for longest; 0 where none waits.',
    labels: ['platform'],
  },
  signet_mails_total: {
    type: 'counter',
    help: 'Attempts to send a mail. outcome: sent, retry, given_up.',
    labels: ['platform', 'outcome'],
  },
  signet_database_connections: {
    type: 'gauge',
    help: 'Connections of a pool. state: used, idle, waiting (work that waits for a connection).',
    labels: ['pool', 'state'],
  },
  signet_database_wait_seconds: {
    type: 'histogram',
    help: 'Time that work waited for a connection of a pool.',
    labels: ['pool'],
    buckets: waitSeconds,
  },
  signet_subgraph_requests_total: {
    type: 'counter',
    help: 'GraphQL requests that a subgraph answered. outcome: ok, errors, refused (the whole request).',
    labels: ['subgraph', 'outcome'],
  },
  signet_subgraph_request_duration_seconds: {
    type: 'histogram',
    help: 'Time of one GraphQL request in a subgraph.',
    labels: ['subgraph'],
    buckets: requestSeconds,
  },
  signet_audit_oldest_unsealed_seconds: {
    type: 'gauge',
    help: 'Age of the row of the audit log that has waited for a seal for longest; 0 where none waits.',
    labels: ['platform'],
  },
  signet_audit_faults: {
    type: 'gauge',
    help: 'Faults that the last verification of the audit log found: rows or seals that were changed, added or taken out. A sealer that misses the seal before its own has the log verified at once.',
    labels: ['platform'],
  },
  signet_audit_verification_age_seconds: {
    type: 'gauge',
    help: 'Time since a verification of the audit log ended; while none has, since this process started.',
    labels: ['platform'],
  },
  signet_audit_unsealed_rows: {
    type: 'gauge',
    help: 'Rows of the audit log that no seal covers yet.',
    labels: ['platform'],
  },
  signet_ready: {
    type: 'gauge',
    help: '1 where the service is ready or degraded, 0 where it is not ready.',
    labels: [],
  },
  signet_build_info: {
    type: 'gauge',
    help: 'Always 1. The version of Signet.',
    labels: ['version'],
  },
} as const satisfies Record<string, MetricDefinition>;

export type Catalogue = typeof catalogue;
export type MetricName = keyof Catalogue;
type NameOf<T extends MetricDefinition['type']> = {
  [N in MetricName]: Catalogue[N]['type'] extends T ? N : never;
}[MetricName];
export type CounterName = NameOf<'counter'>;
export type GaugeName = NameOf<'gauge'>;
export type HistogramName = NameOf<'histogram'>;
/** The values of a metric's labels, in the order of the catalogue. */
export type LabelValues<N extends MetricName> = Texts<Catalogue[N]['labels']>;
type Texts<L extends readonly string[]> = { -readonly [I in keyof L]: string };
