import { endWith } from '@signet/flow';
import type { GraphqlHandler } from '@signet/service';

/** What requests can be passed to, and what can be replaced. */
export type SwitchableGraph = Pick<GraphqlHandler<object>, 'answer' | 'answerFast'> & {
  /** Closes its connections and drops its plans. Nothing may be under way. */
  stop(): Promise<void>;
};

export type GraphSwitch<G extends SwitchableGraph> = {
  readonly current: G;
  answer: SwitchableGraph['answer'];
  answerFast: SwitchableGraph['answerFast'];
  /** Has all further requests answered by `next`. Requests under way finish where they began; then the old graph is stopped. */
  replaceBy(next: G): void;
  /** Stops what is left. */
  stop(): Promise<void>;
};

type Held<G> = { graph: G; underWay: number };

/** Passes requests to a graph that can be replaced between two of them. */
export function createGraphSwitch<G extends SwitchableGraph>(
  first: G,
  onFault: (error: unknown) => void,
): GraphSwitch<G> {
  let held: Held<G> = { graph: first, underWay: 0 };
  const old = new Set<Held<G>>();
  const stopping = new Set<Promise<void>>();
  const stopIfDone = (one: Held<G>) => {
    if (one.underWay > 0 || !old.delete(one)) return;
    const stopped = one.graph
      .stop()
      .catch(onFault)
      .finally(() => stopping.delete(stopped));
    stopping.add(stopped);
  };
  const hold = <R>(work: (graph: G) => Promise<R>): Promise<R> => {
    const own = held;
    const letGo = () => {
      own.underWay -= 1;
      stopIfDone(own);
    };
    own.underWay += 1;
    return endWith(() => work(own.graph), letGo);
  };
  return {
    get current() {
      return held.graph;
    },
    answer: (request, reply) => hold((graph) => graph.answer(request, reply)),
    answerFast: (request, reply) => hold((graph) => graph.answerFast(request, reply)),
    replaceBy(next) {
      const previous = held;
      held = { graph: next, underWay: 0 };
      old.add(previous);
      stopIfDone(previous);
    },
    async stop() {
      // The server has answered its requests, or has given them up.
      await Promise.all([held, ...old].map(({ graph }) => graph.stop()));
      old.clear();
      await Promise.all(stopping);
    },
  };
}
