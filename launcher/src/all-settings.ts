import { authConfigSchema, throttleFields } from '@signet/auth/settings';
import { operatorConfigSchema } from '@signet/db/operator/settings';
import { gatewayConfigSchema, limitFields } from '@signet/gateway/config';
import { signerConfigSchema } from '@signet/gateway/signer-config';
import { describeSettings, processConfigFields, type Setting } from '@signet/service';
import { verifierConfigFields } from '@signet/session/config';
import { proofConfigFields, subgraphConfigSchema } from '@signet/subgraph/config';
import { ownSettings } from '@signet/subgraph/own-settings';
import type { z } from 'zod';
import { launcherFields } from './config.ts';

/** Settings that belong together, for a table of the documentation. */
export type SettingGroup = {
  title: string;
  readBy: string;
  settings: readonly Setting[];
  /** Whether containers have these settings, with these meanings. */
  isOfContainers: boolean;
};

type Fields = Readonly<Record<string, z.ZodType>>;

const verification = { ...verifierConfigFields, ...proofConfigFields };
const gatewayFields = without(gatewayConfigSchema.shape, processConfigFields, verification, limitFields);
const signerFields = without(signerConfigSchema.shape, processConfigFields);
const subgraphFields = without(subgraphConfigSchema.shape, processConfigFields, verification);
const authFields = without(
  authConfigSchema.shape,
  processConfigFields,
  verification,
  subgraphFields,
  throttleFields,
);

/** Read by docker-compose.yml, or by the container `migrate`. */
const containerSettings = [
  describe(
    'GATEWAY_ADDRESS',
    'The address at which the gateways answer. 0.0.0.0 opens them to the network: then put a proxy with TLS before them.',
    '127.0.0.1',
  ),
  describe(
    'SIGNET_UID',
    'The user that the processes run as. It must be able to read deploy/secrets; make-secrets.mjs says when to change it.',
    '1000',
  ),
  describe('SIGNET_GID', 'The group that the processes run as.', '1000'),
  describe('DEFAULT_TENANT_NAME', 'The display name of the tenant that the first start creates.', 'Main'),
  describe(
    'DEFAULT_TENANT_SELF_REGISTRATION',
    '`yes`: anybody may register as a customer of that tenant.',
    'no',
  ),
  describe('SUBGRAPH', 'The subgraph that a container runs. The image sets it.'),
];

/** Read by `npm test` and `npm run smoke`. */
const toolSettings = [
  describe(
    'CHROMIUM_PATH',
    'The browser for the end-to-end tests. By default `/usr/bin/chromium-headless-shell`, or else `/usr/bin/chromium`.',
  ),
  describe('NGINX_PATH', 'The nginx for the test of `deploy/tls`. By default the one of the path.'),
  describe(
    'KUBECTL',
    'A kubectl 1.27 or later for the tests of `deploy/kubernetes`. By default the one of the path.',
  ),
  describe('SCREENSHOTS', 'A folder to which the tests of the browser pages write pictures.'),
  describe('TEST_DATABASE_URL', 'A URL of a PostgreSQL 18 for the tests, in place of the embedded one.'),
  describe('SMOKE_USER', 'The customer that `npm run smoke` signs in.', 'ada@example.com'),
  describe('SMOKE_PASSWORD', 'The password of that customer. By default that of the development seed.'),
  describe('SMOKE_STAFF', 'The member of staff that `npm run smoke` signs in.', 'support@example.com'),
  describe('SMOKE_STAFF_PASSWORD', 'The password of that member of staff. By default `SMOKE_PASSWORD`.'),
  describe(
    'SMOKE_ADMIN',
    'The super_admin that `npm run smoke` signs in to invite staff, with the password of staff.',
    'admin@example.com',
  ),
  describe(
    'SMOKE_EXPIRED_TOKEN',
    'A token that has expired, for a deployment whose keys are not on this machine.',
  ),
  describe(
    'SMOKE_METRICS_URLS',
    'The metrics ports that `npm run smoke -- --telemetry` reads, separated by commas. By default http://localhost:`PORT_BASE` + 9.',
  ),
];

/** Every setting of every process, command and container, in the order of the documentation. */
export const settingGroups: readonly SettingGroup[] = [
  { ...group('npm start', '`npm start` alone', launcherFields), isOfContainers: false },
  group('Every process', 'gateway, auth and every other subgraph', processConfigFields),
  group('Verification of tokens and proofs', 'gateway, auth and every other subgraph', verification),
  group('Subgraphs', 'every subgraph; auth reads no DATABASE_URL', subgraphFields),
  ...[...ownSettings].map(([name, fields]) => group(`Subgraph ${name}`, name, fields)),
  group('Gateway', 'the gateway', gatewayFields),
  group('Limits of operations', 'the gateway', limitFields),
  group('Signer', 'signet-signer, which stands beside a router of another make', signerFields),
  group('auth', 'auth', authFields),
  group('Limits of sign-in', 'auth', throttleFields),
  {
    ...group('Commands on the database', '`npm run db`', operatorConfigSchema.shape),
    isOfContainers: false,
  },
  { title: 'Containers', readBy: 'docker-compose.yml', settings: containerSettings, isOfContainers: true },
  {
    title: 'Tests and smoke',
    readBy: '`npm test` and `npm run smoke`',
    settings: toolSettings,
    isOfContainers: false,
  },
];

/** The names of all settings. */
export function allVariables(): string[] {
  return [...new Set(settingGroups.flatMap(({ settings }) => settings.map(({ name }) => name)))];
}

function group(title: string, readBy: string, fields: Fields): SettingGroup {
  return { title, readBy, settings: describeSettings(fields), isOfContainers: true };
}

function describe(name: string, description: string, defaultValue?: string): Setting {
  return { name, description, default: defaultValue, isSecret: name.endsWith('PASSWORD') };
}

/** The fields that are not the very same as one of `others`: a process may describe a variable in its own way. */
function without(fields: Fields, ...others: readonly Fields[]): Fields {
  return Object.fromEntries(
    Object.entries(fields).filter(([name, field]) => !others.some((other) => other[name] === field)),
  );
}
