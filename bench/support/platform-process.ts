// The platform of `npm start` with shorter lives of keys and tokens. Options: JSON in the first argument.

import { runProcess } from '@signet/service';
import { startPlatform } from '../../launcher/src/index.ts';

await runProcess(() => startPlatform(process.env, { auth: JSON.parse(process.argv[2] ?? '{}') }));
