import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { authConfigSchema } from '@signet/auth';
import { processRoles } from '@signet/db';
import { readOperatorConfig } from '@signet/db/operator';
import { gatewayConfigSchema } from '@signet/gateway';
import { settingGroups } from '@signet/launcher/settings';
import {
  authorizationServerMetadata,
  listOauthPaths,
  metadataPathOf,
  platforms,
} from '@signet/schema/contract';
import { loadConfig } from '@signet/service';
import { withOwnSettings } from '@signet/subgraph/config';
import { ownSettings } from '@signet/subgraph/own-settings';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { keysUrlOf } from '../../gateway/src/entrance/well-known.ts';
import { readComposeFile, root } from '../compose-file.test-support.ts';
import { makeSecrets, type SecretsFolder } from '../secrets.test-support.ts';
import { type Process, portOf, readProcesses } from '../services.test-support.ts';
import { type Resource, render } from './kustomize.test-support.ts';
import { isLetThrough, type Party } from './network-policies.test-support.ts';
import { serviceOf } from './routes.test-support.ts';
import { findFaults } from './schemas.test-support.ts';
import { metricsPort } from './workloads.ts';
import { generateManifests } from './write-manifests.ts';

const overlays = ['small', 'production'] as const;
const rendered = new Map<string, Resource[]>(
  overlays.map((name) => [name, render(join(root, 'deploy/kubernetes/overlays', name))]),
);
const all = [...rendered].flatMap(([overlay, resources]) =>
  resources.map((resource) => ({ overlay, resource })),
);
const of = (overlay: string, kind: string) =>
  (rendered.get(overlay) ?? []).filter((resource) => resource.kind === kind);
const podsOf = (overlay: string) =>
  (rendered.get(overlay) ?? [])
    .filter(({ kind }) => ['Deployment', 'StatefulSet', 'Job'].includes(kind))
    .map(({ metadata, spec, kind }) => ({
      name: metadata.name,
      kind,
      labels: spec.template.metadata.labels as Record<string, string>,
      spec: spec.template.spec,
      container: spec.template.spec.containers[0],
    }));
const podOf = (overlay: string, name: string) => podsOf(overlay).find((pod) => pod.name === name);
/** Every process that compose starts by itself. */
const processes = readProcesses(readComposeFile()).filter(({ service }) => !service.profiles);
const servers = processes.filter(({ name }) => name !== 'migrate');

const secretSettings = new Set(
  settingGroups.flatMap(({ settings }) =>
    settings.filter(({ isSecret }) => isSecret).map(({ name }) => name),
  ),
);

/** The environment of a pod as the kubelet makes it, the image's below it. */
function environmentOf(overlay: string, { name, image }: Process): Record<string, string> {
  const maps = new Map(of(overlay, 'ConfigMap').map(({ metadata, data }) => [metadata.name, data]));
  const entries = podOf(overlay, name)?.container.env as {
    name: string;
    value?: string;
    valueFrom?: { configMapKeyRef?: { name: string; key: string } };
  }[];
  const values = entries.flatMap(({ name: variable, value, valueFrom }) => {
    if (!valueFrom) return [[variable, value ?? '']];
    // A Secret that an operator makes, or not.
    if (!valueFrom.configMapKeyRef) return [];
    const map = maps.get(valueFrom.configMapKeyRef.name);
    if (!map) throw new Error(`${name}: there is no ConfigMap ${valueFrom.configMapKeyRef.name}`);
    const found = map[valueFrom.configMapKeyRef.key];
    return found === undefined ? [] : [[variable, found]];
  });
  return { ...image.env, ...Object.fromEntries(values) };
}

/** What programs ask of a platform's issuer: the URLs of its metadata, the metadata itself, and every OAuth route. */
function pathsOfIssuer(platform: (typeof platforms)[number]): string[] {
  const issuerUrl = 'https://issuer.example';
  const { issuer, ...metadata } = authorizationServerMetadata({
    issuerUrl,
    platform,
    clients: { areSecretsOn: true },
  });
  const urls = Object.values(metadata).flatMap((value) =>
    typeof value === 'string' && value.startsWith(issuerUrl) ? [new URL(value).pathname] : [],
  );
  const routes = listOauthPaths([platform]).map(({ path }) => path.replace('{provider}', 'example'));
  return [...new Set([...urls, metadataPathOf(platform), ...routes])];
}

function expectIssuersFound(overlay: string, resources: readonly Resource[]): void {
  const { ISSUER_URL = '' } = environmentOf(
    overlay,
    servers.find(({ name }) => name === 'gateway-user') as Process,
  );
  const { hostname } = new URL(ISSUER_URL);
  for (const platform of platforms) {
    const paths = pathsOfIssuer(platform);
    expect(paths.length).toBeGreaterThan(5);
    const services = paths.map((path) => [path, serviceOf(resources, hostname, path)]);
    expect(services).toEqual(paths.map((path) => [path, `gateway-${platform}`]));
  }
}

describe('deploy/kubernetes', () => {
  let secrets: SecretsFolder;
  let made: Resource[];
  beforeAll(async () => {
    secrets = await makeSecrets();
    made = render(secrets.folder);
  });
  afterAll(() => secrets.remove());

  it('is what docker-compose.yml says: npm run compose would change nothing', () => {
    const stale = generateManifests(root, secretSettings).filter(
      ({ path, content }) => content === undefined || readFileSync(path, 'utf8') !== content,
    );
    expect(stale.map(({ path }) => path)).toEqual([]);
  });

  it.each(overlays)('%s: every resource has the form that the schemas of Kubernetes describe', (overlay) => {
    expect((rendered.get(overlay) ?? []).flatMap(findFaults)).toEqual([]);
  });

  it('takes the Gateway API in place of Ingress', () => {
    const folder = join(root, 'deploy/kubernetes');
    const copy = join(secrets.folder, '..', 'kubernetes');
    cpSync(folder, copy, { recursive: true });
    const path = join(copy, 'overlays/production/kustomization.yaml');
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace('- ../../components/ingress', '- ../../components/gateway-api'),
    );
    const resources = render(join(copy, 'overlays/production'));
    expect(resources.flatMap(findFaults)).toEqual([]);
    expect(resources.filter(({ kind }) => kind === 'Ingress')).toEqual([]);
    expectIssuersFound('production', resources);
    for (const entrance of ['user', 'portal']) {
      const route = resources.find(
        ({ kind, metadata }) => kind === 'HTTPRoute' && metadata.name === `gateway-${entrance}`,
      );
      const [listener] = (resources.find(({ kind }) => kind === 'Gateway')?.spec.listeners ?? []).filter(
        ({ name }: { name: string }) => name === entrance,
      );
      expect(route?.spec.hostnames).toEqual([listener.hostname]);
      expect(route?.spec.rules[0].backendRefs).toEqual([
        {
          name: `gateway-${entrance}`,
          port: portOf(servers.find(({ name }) => name === `gateway-${entrance}`)?.environment ?? {}),
        },
      ]);
    }
    rmSync(copy, { recursive: true });
  });

  it('the schemas refuse a wrong type, a missing field and a field that is none', () => {
    const deployment = of('small', 'Deployment')[0] as Resource;
    const broken = (change: (copy: Resource) => void) => {
      const copy = structuredClone(deployment);
      change(copy);
      return findFaults(copy).join('\n');
    };
    expect(broken(({ spec }) => Object.assign(spec, { replicas: 'two' }))).toContain(
      'replicas must be integer',
    );
    expect(broken(({ spec }) => delete spec.selector)).toContain('must have required property selector');
    expect(
      broken(({ spec }) => Object.assign(spec.template.spec.containers[0], { livenesProbe: {} })),
    ).toMatch(/containers\.0\.livenesProbe is no field/);
    expect(broken((copy) => Object.assign(copy, { specs: {} }))).toMatch(/\.specs is no field/);
    expect(broken((copy) => Object.assign(copy, { apiVersion: 'extensions/v1beta1' }))).toMatch(
      /is not known/,
    );
  });

  it.each(overlays)(
    '%s: runs every process of compose, from the image of its Dockerfile target',
    (overlay) => {
      const pods = podsOf(overlay).filter(({ name }) => name !== 'postgres');
      expect(pods.map(({ name }) => name).sort()).toEqual(processes.map(({ name }) => name).sort());
      const images: { name: string; newName: string }[] = parse(
        readFileSync(join(root, 'deploy/kubernetes/images/kustomization.yaml'), 'utf8'),
      ).images;
      for (const { name, target } of processes) {
        const image = podOf(overlay, name)?.container.image;
        const placed = images.find((each) => each.name === `signet-${target}`);
        expect([name, image]).toEqual([
          name,
          overlay === 'small' ? `signet-${target}` : expect.stringContaining(`${placed?.newName}`),
        ]);
      }
      const kinds = pods.map(({ name, kind }) => [name, kind]);
      for (const [name, kind] of kinds) expect(kind).toBe(name === 'migrate' ? 'Job' : 'Deployment');
    },
  );

  it.each(servers.map((process) => [process.name, process] as const))(
    '%s: gets the environment of compose, and its configuration is complete',
    (name, process) => {
      const environment = environmentOf('small', process);
      const { METRICS_PORT: _, ...compared } = environment;
      const { METRICS_PORT: __, ...ofCompose } = process.environment;
      const differs = { ALLOWED_HOSTS: 'localhost', EXPLORER: 'yes' };
      const isSet = ([, value]: [string, string]) => value !== '';
      const expected = Object.fromEntries(Object.entries(ofCompose).filter(isSet));
      expect(compared).toEqual(process.target === 'gateway' ? { ...expected, ...differs } : expected);
      expect(environment.METRICS_PORT).toBe(String(metricsPort));
      const schema =
        process.target === 'gateway'
          ? gatewayConfigSchema
          : process.target === 'auth'
            ? authConfigSchema
            : withOwnSettings(ownSettings.get(process.target));
      for (const overlay of overlays) {
        const mounted = withMountedFiles(environmentOf(overlay, process), name);
        expect(() => loadConfig(schema, mounted)).not.toThrow();
      }
    },
  );

  it('migrate: gets the environment of compose, with a password for every role', () => {
    const migrate = processes.find(({ name }) => name === 'migrate') as Process;
    const expected = Object.entries(migrate.environment).filter(([, value]) => value !== '');
    expect(environmentOf('small', migrate)).toEqual(Object.fromEntries(expected));
    const config = readOperatorConfig(withMountedFiles(environmentOf('production', migrate), 'migrate'));
    expect(Object.keys(config.rolePasswords ?? {}).sort()).toEqual([...processRoles].sort());
  });

  /** Paths of the pod's mounts as paths of this machine: what the volumes hold comes from the Secrets of make-secrets.mjs. */
  function withMountedFiles(environment: Record<string, string>, name: string): Record<string, string> {
    const { spec, container } = podOf('small', name) as ReturnType<typeof podsOf>[number];
    const folder = join(secrets.folder, '..', 'mounts', name);
    const paths = new Map<string, string>();
    for (const { name: volumeName, mountPath } of container.volumeMounts) {
      const volume = spec.volumes.find((each: { name: string }) => each.name === volumeName);
      const sources = volume.projected?.sources ?? [volume];
      for (const { secret, configMap } of sources) {
        const source = secret?.name ?? secret?.secretName ?? configMap?.name;
        const found = made.find(({ metadata }) => metadata.name === source);
        for (const [key, value] of Object.entries<string>(found?.data ?? {})) {
          const path = join(folder, mountPath, key);
          mkdirSync(join(folder, mountPath), { recursive: true });
          writeFileSync(path, found?.kind === 'Secret' ? Buffer.from(value, 'base64') : value, {
            mode: 0o600,
          });
          paths.set(join(mountPath, key), path);
        }
      }
    }
    return Object.fromEntries(
      Object.entries(environment).map(([variable, value]) => [variable, paths.get(value) ?? value]),
    );
  }

  it('mounts in each pod the secrets that compose gives the process, its own proof key, and nothing else', () => {
    for (const { name, service } of processes) {
      const volumes: Volume[] = podOf('production', name)?.spec.volumes ?? [];
      const read = volumes.flatMap((volume) => secretNamesOf(volume));
      expect([name, read.sort()]).toEqual([
        name,
        [...(service.secrets ?? []), ...(name === 'migrate' ? [] : [`proof-${name}`])].sort(),
      ]);
    }
    const readers = (secret: string) =>
      podsOf('production')
        .filter(({ spec }) => spec.volumes.flatMap(secretNamesOf).includes(secret))
        .map(({ name }) => name);
    expect(readers('user-key-encryption-key')).toEqual(['auth-user']);
    expect(readers('portal-key-encryption-key')).toEqual(['auth-portal']);
    expect(readers('admin-database-url')).toEqual(['migrate']);
    expect(readers('proof-auth-user')).toEqual(['auth-user']);
  });

  it('finds every secret that it mounts among those that make-secrets.mjs makes, and commits none', () => {
    for (const { overlay, resource } of all) expect([overlay, resource.kind]).not.toContain('Secret');
    const names = new Map(made.map(({ kind, metadata }) => [metadata.name, kind]));
    for (const overlay of overlays) {
      for (const { name, spec } of podsOf(overlay)) {
        for (const secret of spec.volumes.flatMap(secretNamesOf)) {
          expect([name, secret, names.get(secret)]).toEqual([name, secret, 'Secret']);
        }
      }
    }
    expect(names.get('proof-peers')).toBe('ConfigMap');
    // kustomize breaks long values into lines, which decoders skip and the schema does not.
    const unbroken = JSON.parse(JSON.stringify(made), (_key, value) =>
      typeof value === 'string' && /^[\w+/=\n]+$/.test(value) ? value.replaceAll('\n', '') : value,
    );
    expect(unbroken.flatMap(findFaults)).toEqual([]);
    // The same bytes as in the files that compose mounts; and public keys alone in what is no Secret.
    const pepper = made.find(({ metadata }) => metadata.name === 'password-pepper')?.data['password-pepper'];
    expect(Buffer.from(pepper, 'base64').toString()).toBe(
      readFileSync(join(secrets.folder, 'password-pepper'), 'utf8'),
    );
    expect(JSON.stringify(made.filter(({ kind }) => kind !== 'Secret'))).not.toContain('\\"d\\"');
  });

  it('takes settings that are secrets from a Secret that need not be there, and has none in a ConfigMap', () => {
    const read = podsOf('production').flatMap(({ container }) =>
      container.env.flatMap(({ name, valueFrom }: { name: string; valueFrom?: object }) =>
        secretSettings.has(name) ? [[name, valueFrom]] : [],
      ),
    );
    expect(read).toContainEqual([
      'MAIL_URL',
      { secretKeyRef: { name: 'secret-settings', key: 'MAIL_URL', optional: true } },
    ]);
    for (const [, valueFrom] of read) expect(Object.keys(valueFrom ?? {})).toEqual(['secretKeyRef']);
    for (const { data } of of('production', 'ConfigMap')) {
      expect(Object.keys(data).filter((name) => secretSettings.has(name))).toEqual([]);
    }
  });

  it('gives no pod more than it needs: no root, no writing, no privilege, no token of the cluster', () => {
    for (const overlay of overlays) {
      for (const { name, spec, container } of podsOf(overlay)) {
        expect(spec, name).toMatchObject({
          automountServiceAccountToken: false,
          serviceAccountName: name,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        });
        expect(spec.containers).toHaveLength(1);
        expect(container.securityContext, name).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        for (const key of ['hostNetwork', 'hostPID', 'hostIPC', 'initContainers']) {
          expect(spec[key], name).toBeUndefined();
        }
        expect(container.resources.limits.memory, name).toMatch(/^\d+(Mi|Gi)$/);
        expect(container.resources.requests, name).toMatchObject({ cpu: expect.any(String) });
      }
      for (const account of of(overlay, 'ServiceAccount')) {
        expect(account.automountServiceAccountToken).toBe(false);
      }
      // What the namespace itself refuses: the standard "restricted".
      expect(of(overlay, 'Namespace')[0]?.metadata.labels).toMatchObject({
        'pod-security.kubernetes.io/enforce': 'restricted',
      });
    }
  });

  it('gives each server the memory that compose gives it, and probes on the port where it listens', () => {
    for (const { name, service, environment } of servers) {
      const { container } = podOf('production', name) as ReturnType<typeof podsOf>[number];
      const mebibytes =
        Number.parseInt(service.mem_limit ?? '', 10) * (service.mem_limit?.endsWith('g') ? 1024 : 1);
      expect(container.resources.limits).toEqual({ memory: `${mebibytes}Mi` });
      const http = container.ports.find((port: { name: string }) => port.name === 'http');
      expect(http.containerPort).toBe(portOf(environment));
      expect([
        container.startupProbe.httpGet,
        container.livenessProbe.httpGet,
        container.readinessProbe.httpGet,
      ]).toEqual(['started', 'live', 'ready'].map((state) => ({ path: `/health/${state}`, port: 'http' })));
    }
  });

  it('a Service, a budget and an autoscaler stand for each server, and select its pods alone', () => {
    const selected = (selector: Record<string, string>) =>
      podsOf('production')
        .filter(({ labels }) => Object.entries(selector).every(([key, value]) => labels[key] === value))
        .map(({ name }) => name);
    const names = servers.map(({ name }) => name).sort();
    const services = of('production', 'Service');
    expect(services.map(({ metadata }) => metadata.name).sort()).toEqual(names);
    for (const { metadata, spec } of services) expect(selected(spec.selector)).toEqual([metadata.name]);
    const budgets = of('production', 'PodDisruptionBudget');
    expect(budgets.map(({ metadata }) => metadata.name).sort()).toEqual(names);
    for (const { metadata, spec } of budgets) {
      expect(selected(spec.selector.matchLabels)).toEqual([metadata.name]);
    }
    const scaled = of('production', 'HorizontalPodAutoscaler').map(({ spec }) => spec.scaleTargetRef.name);
    expect(scaled.sort()).toEqual(names);
    // Otherwise each deployment would set back what the autoscaler has chosen.
    for (const { spec } of of('production', 'Deployment')) expect(spec.replicas).toBeUndefined();
    for (const { metadata, spec } of of('production', 'Deployment')) {
      for (const { labelSelector } of spec.template.spec.topologySpreadConstraints) {
        expect(selected(labelSelector.matchLabels)).toEqual([metadata.name]);
      }
    }
  });

  it('opens each entrance at a host of its own, which its gateway answers for, and nothing else', () => {
    const gateway = servers.find(({ name }) => name === 'gateway-user') as Process;
    const allowed = environmentOf('production', gateway).ALLOWED_HOSTS?.split(',');
    const hosts = of('production', 'Ingress').map(({ metadata, spec }) => {
      const [{ host, http }] = spec.rules;
      expect(spec.tls[0].hosts).toEqual([host]);
      expect(allowed).toContain(host);
      const [first, ...others] = http.paths;
      const backend = { service: { name: metadata.name, port: { name: 'http' } } };
      expect(first).toEqual({ path: '/', pathType: 'Prefix', backend });
      expect(others.length > 0).toBe(metadata.name === 'gateway-user');
      return [metadata.name, host];
    });
    expect(hosts.map(([name]) => name).sort()).toEqual(['gateway-portal', 'gateway-user']);
    expect(new Set(hosts.map(([, host]) => host)).size).toBe(2);
    for (const { spec } of of('production', 'Service')) expect(spec.type ?? 'ClusterIP').toBe('ClusterIP');
  });

  it('leads all that programs ask of an issuer, below ISSUER_URL, to the gateway of its platform', () => {
    expectIssuersFound('production', rendered.get('production') ?? []);
  });

  it('small: nothing but a port of this machine leads to an entrance, and each names its keys there', () => {
    expect([...of('small', 'Ingress'), ...of('small', 'HTTPRoute')]).toEqual([]);
    for (const platform of platforms) {
      const gateway = servers.find(({ name }) => name === `gateway-${platform}`) as Process;
      const mounted = withMountedFiles(environmentOf('small', gateway), gateway.name);
      const { ISSUER_URL = '', ...environment } = loadConfig(gatewayConfigSchema, mounted);
      const port = portOf(gateway.environment);
      expect(keysUrlOf({ ...environment, ISSUER_URL }, port)).toBe(`http://localhost:${port}`);
    }
  });

  describe.each(overlays)('the network of %s', (overlay) => {
    const policies = of(overlay, 'NetworkPolicy');
    const pods = podsOf(overlay);
    const party = (name: string): Party => ({ pod: pods.find((pod) => pod.name === name)?.labels ?? {} });
    const lets = (from: Party, to: Party, port: number) => isLetThrough(policies, from, to, port);

    it('lets a process call those that its environment names, at their port, and no others', () => {
      for (const from of processes) {
        const called = new Set(
          Object.values(from.environment).flatMap(
            (value) => /^http:\/\/([a-z-]+):\d+\//.exec(value)?.[1] ?? [],
          ),
        );
        for (const to of servers) {
          if (to.name === from.name) continue;
          const way = [from.name, to.name];
          const port = portOf(to.environment);
          expect([...way, lets(party(from.name), party(to.name), port)]).toEqual([
            ...way,
            called.has(to.name),
          ]);
          expect([...way, lets(party(from.name), party(to.name), 22)]).toEqual([...way, false]);
          expect([...way, lets(party(from.name), party(to.name), metricsPort)]).toEqual([...way, false]);
        }
      }
    });

    it('lets gateways alone reach the subgraphs', () => {
      const subgraphs = servers.filter(({ target }) => target !== 'gateway' && target !== 'auth');
      for (const { name, environment } of subgraphs) {
        const callers = pods.filter((pod) => lets({ pod: pod.labels }, party(name), portOf(environment)));
        const others = callers.map((pod) => pod.name).filter((caller) => caller !== name);
        expect(others.sort()).toEqual(['gateway-portal', 'gateway-user']);
      }
    });

    it('lets clients in at a gateway alone, from namespaces that are labelled for it', () => {
      for (const { name, environment } of servers) {
        const port = portOf(environment);
        const isEntrance = name.startsWith('gateway-');
        expect(lets({ namespace: { [`signet/calls-${name}`]: 'yes' } }, party(name), port)).toBe(isEntrance);
        expect(lets({ namespace: { name: 'other' } }, party(name), port)).toBe(false);
        expect(lets({ address: '203.0.113.9' }, party(name), port)).toBe(false);
      }
      const staffsDoor = { namespace: { 'signet/calls-gateway-portal': 'yes' } };
      expect(lets(staffsDoor, party('gateway-user'), 4001)).toBe(false);
    });

    it('shows metrics to labelled namespaces alone', () => {
      for (const { name } of servers) {
        expect(lets({ namespace: { 'signet/reads-metrics': 'yes' } }, party(name), metricsPort)).toBe(true);
        expect(lets({ namespace: { name: 'other' } }, party(name), metricsPort)).toBe(false);
      }
    });

    it('lets those reach the database that have a password for it, and nobody else', () => {
      const database: Party = overlay === 'small' ? party('postgres') : { address: '192.0.2.10' };
      for (const { name, service } of processes) {
        const hasPassword = service.secrets?.some((secret) => secret.endsWith('database-url')) ?? false;
        expect([name, lets(party(name), database, 5432)]).toEqual([name, hasPassword]);
        expect([name, lets(party(name), database, 22)]).toEqual([name, false]);
      }
      if (overlay === 'small') {
        expect(lets({ namespace: { name: 'other' } }, database, 5432)).toBe(false);
        expect(lets({ pod: { app: 'stranger' } }, database, 5432)).toBe(false);
      }
    });

    it('lets the issuers alone reach servers outside, and a pod without a policy of its own nothing', () => {
      for (const { name, target } of processes) {
        expect([name, lets(party(name), { address: '0.0.0.0' }, 443)]).toEqual([name, target === 'auth']);
      }
      const stranger: Party = { pod: { app: 'stranger' } };
      expect(lets(stranger, { address: '0.0.0.0' }, 443)).toBe(false);
      expect(lets({ namespace: { name: 'other' } }, stranger, 80)).toBe(false);
      for (const { name, environment } of servers) {
        expect(lets(stranger, party(name), portOf(environment))).toBe(false);
        expect(lets(party(name), stranger, 80)).toBe(false);
      }
    });
  });
});

type Volume = {
  secret?: { secretName: string };
  projected?: { sources: { secret?: { name: string } }[] };
};

function secretNamesOf(volume: Volume): string[] {
  const projected = volume.projected?.sources.flatMap(({ secret }) => secret?.name ?? []) ?? [];
  return volume.secret ? [volume.secret.secretName] : projected;
}
