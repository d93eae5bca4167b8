import { registerBuiltApp } from '@signet/gateway';
import { createHttpServer, type Logger, listen, type RunningServer } from '@signet/service';
import { innerHost } from './ports.ts';
import { originsOfPort, storefrontFiles } from './storefront-setting.ts';

export type StorefrontOptions = {
  port: number;
  /** The port of the entrance for customers, which its pages call. */
  apiPort: number;
  /** Names of identity providers that customers can sign in at. */
  providers: readonly string[];
  logger: Logger;
};

/**
 * Serves the demo shop's pages as a shop of its own would be served: files, at an origin beside the one of the API, which lets it in by CORS
 * (docs/decisions/0071-storefront.md). On this machine only.
 */
export async function startStorefront(options: StorefrontOptions): Promise<RunningServer> {
  const { port, apiPort, providers, logger } = options;
  const server = createHttpServer({ logger });
  const settings = { url: `http://localhost:${apiPort}/graphql`, providers: providers.join(',') };
  registerBuiltApp(server, {
    folder: storefrontFiles,
    base: '',
    workspace: 'examples/storefront',
    apiOrigins: originsOfPort(apiPort),
    adaptPage: (page) =>
      Object.entries(settings).reduce(
        (text, [name, value]) =>
          text.replace(
            `<meta name="signet-${name}" content=""`,
            `<meta name="signet-${name}" content="${value}"`,
          ),
        page,
      ),
  });
  const url = await listen(server, { host: innerHost, port, portVariable: 'PORT_BASE' });
  return { url, stop: () => server.close() };
}
