import type { SubgraphName } from '@signet/schema/subgraphs';
import { expect, it } from 'vitest';
import { loadSubgraph } from './load-subgraph.ts';

it('says which variable names the subgraph, and what names there are', async () => {
  await expect(loadSubgraph('' as SubgraphName)).rejects.toMatchObject({
    faults: [expect.stringMatching(/^SUBGRAPH: is not set: the subgraph to run, one of auth, /)],
  });
  await expect(loadSubgraph('nothing' as SubgraphName)).rejects.toMatchObject({
    faults: [expect.stringMatching(/^'nothing' is not in schema\/subgraphs\.json, which lists auth, /)],
  });
});
