#!/usr/bin/env node
import { startAgainWithSmallHeap } from '../../libs/service/small-heap.mjs';

startAgainWithSmallHeap();
await import('../../gateway/src/main.ts');
