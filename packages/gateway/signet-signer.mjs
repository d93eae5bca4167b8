#!/usr/bin/env node
await import('../../gateway/src/signer/main.ts');
