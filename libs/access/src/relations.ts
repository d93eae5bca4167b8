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

/** Asks for one request. All questions of one tick become one query; a question that was asked is not asked again. */
export type RelationChecker = {
  /** Whether the tuple holds. Rejects when the store can't tell, which refuses the field. */
  check(tuple: RelationTuple): Promise<boolean>;
  /** Forgets every answer. Whoever adds or removes a tuple calls it after the commit: a request may go on. */
  clear(): void;
};

type Question = {
  tuple: RelationTuple;
  resolve: (holds: boolean) => void;
  reject: (error: unknown) => void;
};

/** Make one for each request: its answers are of that moment and of that tenant. */
export function createRelationChecker(store: RelationStore, tenantId: string): RelationChecker {
  const answers = new Map<string, Promise<boolean>>();
  let waiting: Question[] = [];

  function ask(tuple: RelationTuple): Promise<boolean> {
    return new Promise((resolve, reject) => {
      if (waiting.length === 0) {
        // After all that this tick still resolves, or a list of objects would ask in many small groups.
        void Promise.resolve().then(() => process.nextTick(() => void answerAll()));
      }
      waiting.push({ tuple, resolve, reject });
    });
  }

  async function answerAll(): Promise<void> {
    const questions = waiting;
    waiting = [];
    try {
      const tuples = questions.map(({ tuple }) => tuple);
      const held = await store.check(tenantId, tuples);
      if (held.length !== questions.length) {
        throw new Error(`Asked for ${questions.length} relations, the store answered ${held.length}.`);
      }
      for (const [index, { resolve }] of questions.entries()) {
        resolve(held[index] === true);
      }
    } catch (error) {
      for (const { reject } of questions) {
        reject(error);
      }
    }
  }

  return {
    check(tuple) {
      const key = keyOf(tuple);
      const known = answers.get(key);
      if (known) {
        return known;
      }
      const answer = ask(tuple);
      answers.set(key, answer);
      return answer;
    },
    clear: () => answers.clear(),
  };
}

/** As JSON, so that no part can be written to look like two. */
function keyOf({ namespace, object, relation, subject }: RelationTuple): string {
  return JSON.stringify([namespace, object, relation, subject]);
}
