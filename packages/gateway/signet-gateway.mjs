#!/usr/bin/env node
import { startAgainWithSmallHeap } from '../../libs/service/small-heap.mjs';
import { assertNodeVersion } from '../node-version.mjs';

assertNodeVersion('signet-gateway');
// Nobody says which graph: what the variables of a platform lack would tell a newcomer nothing.
if (process.argv.slice(2).every((flag) => flag === '--check') && !process.env.SUPERGRAPH_FILE?.trim()) {
  console.error(`signet-gateway: which supergraph? Give it a composed schema and a file of settings:

  signet-gateway --supergraph supergraph.graphql --config signet.yaml

signet-gateway --help has all flags. npx signet compose makes a supergraph of subgraphs.`);
  process.exit(2);
}
startAgainWithSmallHeap();
await import('../../gateway/src/main.ts');
