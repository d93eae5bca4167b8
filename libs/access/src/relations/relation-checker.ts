import type { RelationStore, RelationTuple } from './relation-tuple.ts';

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
