import type { PortalSession, UserSession } from '@signet/session';

/**
 * A person, with the kind of account: an id alone could be read as an id of the other account table. The members of a group would
 * be a third form, `team:<id>#member`; no store has it yet.
 */
export type Subject = `user:${string}` | `staff:${string}`;

/** A relation of a subject to an object, for example `document:<id>#viewer@user:<id>`, in parts. */
export type RelationTuple = {
  /** The kind of object. It also says which subgraph keeps the tuple: for example, portal keeps those of `customer`. */
  namespace: string;
  /** The object's id. */
  object: string;
  relation: string;
  subject: Subject;
};

/**
 * Keeps tuples. The implementation here is PostgreSQL (createRelationStore of @signet/db); another engine with a batch check, such
 * as OpenFGA, would work too.
 */
export type RelationStore = {
  /** Whether each of the tuples exists, in their order. Rejects if the store can't be read. */
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

/** The id in a subject that a store returned. */
export function idOfSubject(subject: string): string {
  return subject.slice(subject.indexOf(':') + 1);
}

/** Checks relations for one request. All checks of one tick become one query, and the answer to each is cached. */
export type RelationChecker = {
  /** Whether the tuple exists. Rejects if the store can't be read; the field is then refused. */
  check(tuple: RelationTuple): Promise<boolean>;
  /** Deletes all cached answers. Call it after the commit of an added or removed tuple: the request may go on. */
  clear(): void;
};

type Question = {
  tuple: RelationTuple;
  resolve: (holds: boolean) => void;
  reject: (error: unknown) => void;
};

/** Make one for each request: its answers are valid for that moment and that tenant. */
export function createRelationChecker(store: RelationStore, tenantId: string): RelationChecker {
  const answers = new Map<string, Promise<boolean>>();
  let waiting: Question[] = [];

  function ask(tuple: RelationTuple): Promise<boolean> {
    return new Promise((resolve, reject) => {
      if (waiting.length === 0) {
        // After everything that this tick still resolves; otherwise a list of objects would ask in many small groups.
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

/** JSON, so that no part of a tuple can look like two parts. */
function keyOf({ namespace, object, relation, subject }: RelationTuple): string {
  return JSON.stringify([namespace, object, relation, subject]);
}
