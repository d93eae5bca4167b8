// The gateway of the planner bomb, in a process of its own. Writes its URL; ends with its parent's pipe.
import { startChainGateway } from '../../gateway/src/planning/chain-gateway.test-support.ts';

const { url } = await startChainGateway();
console.log(url);
process.stdin.resume().once('end', () => process.exit());
