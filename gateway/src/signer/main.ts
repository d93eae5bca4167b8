import { createLogger, loadConfig, runProcess } from '@signet/service';
import { signerConfigSchema } from './signer-config.ts';
import { startSigner } from './start-signer.ts';

await runProcess(async () => {
  const config = loadConfig(signerConfigSchema, process.env);
  return startSigner(config, createLogger('signer', config.LOG_LEVEL));
});
