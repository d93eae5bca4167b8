import { existsSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { authConfigSchema } from '@signet/auth';
import { readOperatorConfig } from '@signet/db/operator';
import { gatewayConfigSchema } from '@signet/gateway';
import { subgraphs } from '@signet/schema/subgraphs';
import { loadConfig } from '@signet/service';
import { withOwnSettings } from '@signet/subgraph/config';
import { ownSettings } from '@signet/subgraph/own-settings';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readComposeFile, root } from '../compose-file.test-support.ts';
import { makeSecrets, type SecretsFolder } from '../secrets.test-support.ts';
import { createEnvironments, formatEnvironment } from './environments.ts';

const settings = {
  ISSUER_URL: 'https://api.example.com',
  MAIL_URL: 'smtps://user:a"quoted\\password@mail.example.com:465',
  MAIL_FROM: 'Shop <no-reply@example.com>',
  USER_APP_URL: 'https://shop.example.com',
  PORTAL_APP_URL: 'https://staff.example.com/console',
};
let secrets: SecretsFolder;
let environments: Map<string, Record<string, string>>;

beforeAll(async () => {
  secrets = await makeSecrets();
  environments = createEnvironments({ tree: root, secrets: secrets.folder, settings });
});
afterAll(() => secrets.remove());

describe('the environments of processes without containers', () => {
  it('are those of every service that docker-compose.yml builds and starts', () => {
    const services = Object.entries(readComposeFile().services)
      .filter(([, service]) => service.build && !service.profiles)
      .map(([name]) => name);
    expect([...environments.keys()]).toEqual(services);
  });

  it('are complete and valid for their processes, with secrets that are there', () => {
    for (const [name, environment] of environments) {
      for (const [variable, path] of Object.entries(environment)) {
        if (variable.endsWith('_FILE')) expect(existsSync(path), `${name}: ${variable}`).toBe(true);
      }
      const { SIGNET_MAIN, SUBGRAPH: subgraph } = environment;
      expect(existsSync(`${root}/${SIGNET_MAIN}`)).toBe(true);
      if (name === 'migrate') readOperatorConfig(environment);
      else if (subgraph === undefined) loadConfig(gatewayConfigSchema, environment);
      else if (subgraph === 'auth') loadConfig(authConfigSchema, environment);
      else loadConfig(withOwnSettings(ownSettings.get(subgraph)), environment);
    }
  });

  it('lead each process to the ports of the others, and no two processes to one port', () => {
    const portOf = (name: string) => environments.get(name)?.PORT;
    const gateway = environments.get('gateway-user');
    expect(gateway?.AUTH_USER_URL).toBe(`http://127.0.0.1:${portOf('auth-user')}/graphql`);
    expect(gateway?.AUTH_PORTAL_URL).toBe(`http://127.0.0.1:${portOf('auth-portal')}/graphql`);
    for (const { name } of subgraphs.filter((each) => each.name !== 'auth'))
      expect(gateway?.[`${name.toUpperCase()}_URL`]).toBe(`http://127.0.0.1:${portOf(name)}/graphql`);
    const ports = [...environments.values()].flatMap((each) =>
      [each.PORT, each.USER_PORT, each.PORTAL_PORT, each.METRICS_PORT].filter((port) => port !== undefined),
    );
    expect(new Set(ports).size).toBe(ports.length);
    expect(ports).toHaveLength(2 * (environments.size - 1));
  });

  it("give a secret setting to the processes that use it alone, and survive systemd's quotes", () => {
    const holders = [...environments].filter(([, { MAIL_URL }]) => MAIL_URL === settings.MAIL_URL);
    expect(holders.map(([name]) => name)).toEqual(['auth-user', 'auth-portal']);
    expect(formatEnvironment({ MAIL_URL: settings.MAIL_URL })).toBe(
      'MAIL_URL="smtps://user:a\\"quoted\\\\password@mail.example.com:465"\n',
    );
    const { MAIL_URL: _, ...plain } = environments.get('auth-user') ?? {};
    expect(parseEnv(formatEnvironment(plain))).toEqual(plain);
  });
});
