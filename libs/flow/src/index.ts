export { type ClientPrefix, readClientPrefix } from './client-prefix.ts';
export { endWith } from './end-with.ts';
export { createFairBuffer, type FairBuffer } from './fair-buffer.ts';
export { createFairQueue, type FairQueue } from './fair-queue.ts';
export { BrokenProtocolError, guardProtocol } from './guard-protocol.ts';
export { poll } from './poll.ts';
export { createSampler, type Sampler, type SamplerOptions } from './sampler.ts';
export { createFaultLog, type FaultLog, isServerAway } from './server-away.ts';
