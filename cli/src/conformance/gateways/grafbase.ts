import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GatewayAdapter, GatewayMissing, notOfOthers } from './gateway.ts';
import { installPeer, makeRunnable } from './peers.ts';

const packageName = '@grafbase/cli-x86_64-unknown-linux-musl';

/**
 * Grafbase by its command line tool. Its directives are extensions (https://grafbase.com/docs/gateway/security/authorization), which
 * `grafbase extension install` loads from Grafbase's own server, and npm has not.
 *
 * @throws {GatewayMissing} where the extensions are not there
 */
export function createGrafbaseAdapter(options: {
  folder?: string | undefined;
  say(line: string): void;
}): GatewayAdapter {
  const { folder, version } = installPeer(
    { name: 'grafbase', packages: { [packageName]: '0.103.0' } },
    options,
  );
  const command = makeRunnable(join(folder, 'node_modules', packageName, 'grafbase'));
  const extensions = join(folder, 'grafbase_extensions');
  if (!existsSync(extensions)) {
    throw new GatewayMissing(
      `Grafbase ${version} enforces the directives by its extensions jwt, authenticated and requires-scopes. They come from its own server by grafbase extension install, and belong into the folder grafbase_extensions beside node_modules.`,
    );
  }
  return {
    title: `Grafbase ${version}`,
    lacks: { '@recentAuth': notOfOthers, '@callers': notOfOthers },
    process: ({ port, folder: own, subgraphs, issuer, graph }) => {
      const home = join(own, `grafbase-${graph}`);
      mkdirSync(home, { recursive: true });
      const parts = Object.entries(subgraphs).map(([name, { url, sdl }]) => {
        writeFileSync(join(home, `${name}.graphql`), sdl);
        return `[subgraphs.${name}]\nurl = "${url}"\nschema_path = "${name}.graphql"\n`;
      });
      const names = ['jwt', 'authenticated', 'requires-scopes'];
      const paths = names.map((name) => `[extensions.${name}]\npath = "${join(extensions, name)}"\n`);
      const jwt = `[[authentication.providers]]\nextension = "jwt"\n[authentication.providers.config]\nurl = "${issuer.jwksUrl}"\nissuer = "${issuer.issuer}"\naudience = "${issuer.audience}"\n[authentication]\ndefault = "anonymous"\n`;
      writeFileSync(join(home, 'grafbase.toml'), [...paths, ...parts, jwt].join('\n'));
      return {
        command,
        args: ['dev', '--config', join(home, 'grafbase.toml'), '--listen-address', `127.0.0.1:${port}`],
        cwd: home,
        path: '/graphql',
      };
    },
  };
}
