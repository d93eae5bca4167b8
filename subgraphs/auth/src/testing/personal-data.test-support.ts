import { askedSubgraphs } from '../personal-data/person-request.queries.ts';
import type { TestAuth } from './auth.test-support.ts';

export type TakenPart = {
  subgraph: string;
  request_id: string;
  account_id: string;
  kind: string;
  attempt: number;
};

/** What the processes of the other subgraphs do, at once and without their data. */
export function otherSubgraphs(auth: () => TestAuth) {
  const take = async (subgraph: string): Promise<TakenPart[]> => {
    const rows = await auth().database.query(`select * from ${subgraph}.take_person_parts(100, 60)`);
    return rows.map((row) => ({ ...row, subgraph }));
  };
  const settle = async ({ subgraph, request_id, attempt }: TakenPart, answer: object | null) => {
    const [row] = await auth().database.query<{ done: boolean }>(
      `select ${subgraph}.settle_person_part($1, $2, $3, null, 0) as done`,
      [request_id, attempt, answer === null ? null : JSON.stringify(answer)],
    );
    return row?.done;
  };
  return {
    names: askedSubgraphs,
    take,
    settle,
    /** All answer what they were asked. Returns how many parts there were. */
    async answerAll(
      answer: (subgraph: string) => object = (subgraph) => ({ keptBy: subgraph }),
    ): Promise<number> {
      const taken = (await Promise.all(askedSubgraphs.map(take))).flat();
      for (const part of taken) await settle(part, part.kind === 'export' ? answer(part.subgraph) : null);
      return taken.length;
    },
  };
}

/** Makes what an account asked for due. */
export async function makeDue(auth: TestAuth, accountId: string): Promise<void> {
  await auth.database.query(
    `update auth.person_request set due_at = now() - interval '1 second' where account_id = $1 and state = 'scheduled'`,
    [accountId],
  );
}
