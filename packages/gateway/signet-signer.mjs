#!/usr/bin/env node
import { assertNodeVersion } from '../node-version.mjs';

assertNodeVersion('signet-signer');
await import('../../gateway/src/signer/main.ts');
