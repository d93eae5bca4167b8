/** The path at which auth adds up which fields were asked for, beside its /graphql and only with the proof of an entrance. */
export const usageReportPath = '/internal/usage';
export const maxReportedUsage = 1000;

/** How often a client asked for a field since the last report of this entrance. */
export type ReportedUsage = {
  /** `Type.field`. */
  coordinate: string;
  /** As the client names itself; empty where it does not. */
  client: string;
  version: string;
  count: number;
};

export type UsageReport = { usage: readonly ReportedUsage[] };

/** Stands for the clients, and for the fields, beyond those that are told apart. */
export const otherUsage = 'other';
