#!/usr/bin/env node
import { assertNodeVersion } from '../node-version.mjs';

assertNodeVersion('signet');
await import('./commands.ts');
