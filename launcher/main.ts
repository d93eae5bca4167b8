import { runProcess } from '@signet/service';
import { startPlatform } from './src/index.ts';

await runProcess(() => startPlatform(process.env));
