#!/usr/bin/env node
import { startAgainWithSmallHeap } from '../../libs/service/small-heap.mjs';
import { assertNodeVersion } from '../node-version.mjs';

assertNodeVersion('signet-gateway');
startAgainWithSmallHeap();
await import('../../gateway/src/main.ts');
