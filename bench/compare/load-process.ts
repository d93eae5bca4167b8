// Sends requests over a fixed number of connections for some seconds. Takes a LoadOrder from its parent, answers a LoadResult; any number of times.
import { type LoadOrder, runLoad } from './load.ts';

process.on('message', async (order: LoadOrder) => {
  process.send?.(await runLoad(order));
});
process.once('disconnect', () => process.exit());
