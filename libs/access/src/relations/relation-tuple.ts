import type { PortalSession, UserSession } from '@signet/session';

/**
 * Somebody, with the platform whose account it is: an id alone could be read as one of the other account table.
 * Everybody of a group would be a third form, `team:<id>#member`; no store knows it yet.
 */
export type Subject = `user:${string}` | `staff:${string}`;

/** That a subject stands in a relation to an object: `order:<id>#viewer@user:<id>`, in parts. */
export type RelationTuple = {
  /** The kind of object, and by that who keeps the tuple: orders those of `order`, portal those of `customer`. */
  namespace: string;
  /** The object's id. */
  object: string;
  relation: string;
  subject: Subject;
};

/**
 * Where tuples are kept. PostgreSQL here (createRelationStore of @signet/db); another engine, such as OpenFGA with its
 * batch check, can answer as well.
 */
export type RelationStore = {
  /** Whether each of the tuples holds, in their order. Throws when it can't tell. */
  check(tenantId: string, queries: readonly RelationTuple[]): Promise<boolean[]>;
};

export function userSubject(userId: string): Subject {
  return `user:${userId}`;
}

export function staffSubject(staffId: string): Subject {
  return `staff:${staffId}`;
}

export function subjectOf(session: UserSession | PortalSession): Subject {
  return session.platform === 'user' ? userSubject(session.userId) : staffSubject(session.staffId);
}

/** The id in a subject that a store gave. */
export function idOfSubject(subject: string): string {
  return subject.slice(subject.indexOf(':') + 1);
}
