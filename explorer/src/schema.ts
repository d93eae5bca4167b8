import { buildClientSchema, type GraphQLSchema, getIntrospectionQuery } from 'graphql';
import { useCallback, useEffect, useState } from 'react';
import { sendOperation } from './answer.ts';

export type KnownSchema = { schema?: GraphQLSchema; problem?: string; reload: () => void };

/** The schema of the entrance. Without one, operations can be sent all the same. */
export function useSchema(graphqlPath: string, getToken: () => Promise<string | undefined>): KnownSchema {
  const [known, setKnown] = useState<Omit<KnownSchema, 'reload'>>({});
  const [round, setRound] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each round asks again.
  useEffect(() => {
    const ended = new AbortController();
    const read = async () => {
      const { text, reasons } = await sendOperation({
        graphqlPath,
        operation: getIntrospectionQuery({ inputValueDeprecation: true, specifiedByUrl: true }),
        operationName: undefined,
        variables: '',
        headers: '',
        getToken,
        signal: ended.signal,
      });
      if (ended.signal.aborted) return;
      try {
        setKnown({ schema: buildClientSchema(JSON.parse(text).data) });
      } catch {
        setKnown({ problem: reasons[0] ?? 'The schema could not be read.' });
      }
    };
    void read();
    return () => ended.abort();
  }, [graphqlPath, getToken, round]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  return { ...known, reload };
}
