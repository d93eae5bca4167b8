import type { Session } from '@signet/session';

/** What a guard needs of a subgraph's context. */
export type GuardContext = { session: Session };
