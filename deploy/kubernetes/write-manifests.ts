import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Document, isMap, isScalar, isSeq, visit } from 'yaml';
import { type ComposedProcess, readComposedProcesses } from './compose-processes.ts';
import { imageNameOf, writeImages } from './write-images.ts';

const folder = 'deploy/kubernetes';
const note = ' Written by npm run compose from docker-compose.yml. Change that file, or an overlay.';
/** Of every process. docker-compose.yml has no such port unless the operator asks for one. */
export const metricsPort = 9464;
const userId = 1000;
/** A settings change gives the ConfigMap another name, so the pods that read it are replaced. */
const settings = 'settings';

/** A generated file. Without content it belongs to a subgraph that is gone, and must be deleted. */
export type Manifest = { path: string; content: string | undefined };
type Resource = { apiVersion: string; kind: string; metadata: object } & Record<string, unknown>;

/**
 * The kustomize base and the component for several replicas: all that follows from docker-compose.yml, so from the registry. Paths
 * are absolute.
 */
export function generateManifests(tree: string): Manifest[] {
  const processes = readComposedProcesses(tree);
  const servers = processes.filter(({ port }) => port !== undefined);
  const base = Object.fromEntries(
    processes.map((process) => [`base/${process.name}.yaml`, write(resourcesOf(process, processes))]),
  );
  const imagesPath = join(tree, folder, 'images/kustomization.yaml');
  const files: Record<string, string> = {
    'base/kustomization.yaml': write([kustomizationOf(Object.keys(base))]),
    'base/settings.env': writeSettings(processes),
    'base/network.yaml': write(sharedPolicies()),
    ...base,
    'components/replicas/kustomization.yaml': write([replicasOf()]),
    'components/replicas/disruption-budgets.yaml': write(servers.map(disruptionBudgetOf)),
    'components/replicas/autoscalers.yaml': write(servers.map(autoscalerOf)),
    'images/kustomization.yaml': writeImages(
      existsSync(imagesPath) ? readFileSync(imagesPath, 'utf8') : '',
      processes.map(({ image }) => image),
    ),
  };
  const stale = globSync(`${folder}/base/*`, { cwd: tree }).filter(
    (path) => !(path.slice(folder.length + 1) in files),
  );
  return [
    ...Object.entries(files).map(([path, content]) => ({ path: join(tree, folder, path), content })),
    ...stale.map((path) => ({ path: join(tree, path), content: undefined })),
  ];
}

function labelsOf({ name, kind }: ComposedProcess) {
  return {
    'app.kubernetes.io/name': name,
    'app.kubernetes.io/component': kind,
    'app.kubernetes.io/part-of': 'signet',
  };
}

function selectorOf(name: string) {
  return { 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': 'signet' };
}

/** What `kubectl apply -l signet/phase=prepare` applies, before anything else. */
const prepare = { 'signet/phase': 'prepare' };

function metadataOf(process: ComposedProcess) {
  return {
    name: process.name,
    labels: { ...labelsOf(process), ...(process.kind === 'migration' && prepare) },
  };
}

function resourcesOf(process: ComposedProcess, all: readonly ComposedProcess[]): Resource[] {
  const metadata = metadataOf(process);
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata, automountServiceAccountToken: false },
    ...(process.port === undefined
      ? [jobOf(process)]
      : [deploymentOf(process), serviceOf(process, process.port)]),
    policyOf(process, all),
  ];
}

function deploymentOf(process: ComposedProcess): Resource {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadataOf(process),
    spec: {
      selector: { matchLabels: selectorOf(process.name) },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels: podLabelsOf(process) },
        spec: {
          ...podOf(process),
          // The pause before SIGTERM, the 9 s after which a process ends in any case (docs/faults.md), and some.
          terminationGracePeriodSeconds: 20,
          topologySpreadConstraints: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map(
            (topologyKey) => ({
              maxSkew: 1,
              topologyKey,
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels: selectorOf(process.name) },
              matchLabelKeys: ['pod-template-hash'],
            }),
          ),
        },
      },
    },
  };
}

/** Runs once for each version, before the processes of that version (README.md). */
function jobOf(process: ComposedProcess): Resource {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: metadataOf(process),
    spec: {
      backoffLimit: 3,
      template: {
        metadata: { labels: podLabelsOf(process) },
        spec: { ...podOf(process), restartPolicy: 'Never' },
      },
    },
  };
}

function podLabelsOf(process: ComposedProcess) {
  return {
    ...labelsOf(process),
    ...(process.usesDatabase && { 'signet/database': 'client' }),
    ...(process.usesOutside && { 'signet/outside': 'client' }),
  };
}

function podOf(process: ComposedProcess) {
  return {
    serviceAccountName: process.name,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: userId,
      runAsGroup: userId,
      // Files of secrets belong to root. The group may read them.
      fsGroup: userId,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [containerOf(process)],
    volumes: volumesOf(process),
  };
}

function containerOf(process: ComposedProcess) {
  const { name, port, memoryMb, environment, hasProofKey, entrance, image, kind } = process;
  const probe = (path: string) => ({ httpGet: { path, port: 'http' } });
  return {
    name,
    image: imageNameOf(image),
    imagePullPolicy: 'IfNotPresent',
    ...(port !== undefined && {
      ports: [
        { name: 'http', containerPort: port },
        { name: 'metrics', containerPort: metricsPort },
      ],
      startupProbe: {
        ...probe('/health/started'),
        periodSeconds: 2,
        timeoutSeconds: 5,
        failureThreshold: 60,
      },
      livenessProbe: { ...probe('/health/live'), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
      readinessProbe: { ...probe('/health/ready'), periodSeconds: 2, timeoutSeconds: 3, failureThreshold: 1 },
      // The process goes on serving while load balancers learn that it ends; nothing inside has to.
      lifecycle: { preStop: { sleep: { seconds: 5 } } },
    }),
    env: [
      ...environment
        .filter(([variable]) => variable !== 'METRICS_PORT')
        .map(([variable, value]) =>
          'fixed' in value
            ? { name: variable, value: value.fixed }
            : {
                name: variable,
                valueFrom: { configMapKeyRef: { name: settings, key: value.setting, optional: true } },
              },
        ),
      ...(port !== undefined ? [{ name: 'METRICS_PORT', value: String(metricsPort) }] : []),
    ],
    resources: {
      // No limit of processors: a password takes as long as it takes, and a throttled gateway answers nobody.
      requests: requestsOf[kind],
      limits: { memory: `${memoryMb}Mi` },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: 'tmp', mountPath: '/tmp' },
      { name: 'secrets', mountPath: '/run/secrets', readOnly: true },
      ...(hasProofKey
        ? [
            { name: 'proof-key', mountPath: '/run/proof/key', readOnly: true },
            { name: 'proof-peers', mountPath: '/run/proof/peers', readOnly: true },
          ]
        : []),
      ...(entrance
        ? [{ name: 'trusted-documents', mountPath: `/run/trusted-documents/${entrance}`, readOnly: true }]
        : []),
    ],
  };
}

/** The memory is what each kind took under load, and half as much again (docs/limits.md, "Memory"). */
const requestsOf = {
  gateway: { cpu: '250m', memory: '384Mi' },
  issuer: { cpu: '250m', memory: '480Mi' },
  subgraph: { cpu: '100m', memory: '320Mi' },
  migration: { cpu: '100m', memory: '256Mi' },
};

/** Volumes are folders, as in compose: a key that is replaced arrives without a restart. */
function volumesOf({ name, secrets, hasProofKey, entrance }: ComposedProcess) {
  return [
    { name: 'tmp', emptyDir: { sizeLimit: '64Mi' } },
    {
      name: 'secrets',
      projected: { defaultMode: 0o440, sources: secrets.map((secret) => ({ secret: { name: secret } })) },
    },
    ...(hasProofKey
      ? [
          { name: 'proof-key', secret: { secretName: `proof-${name}`, defaultMode: 0o440 } },
          { name: 'proof-peers', configMap: { name: 'proof-peers', defaultMode: 0o444 } },
        ]
      : []),
    ...(entrance
      ? [{ name: 'trusted-documents', configMap: { name: `trusted-documents-${entrance}`, optional: true } }]
      : []),
  ];
}

function serviceOf(process: ComposedProcess, port: number): Resource {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadataOf(process),
    spec: { selector: selectorOf(process.name), ports: [{ name: 'http', port, targetPort: 'http' }] },
  };
}

/** Who may call a process, and whom it may call. Everything else is refused. */
function policyOf(process: ComposedProcess, all: readonly ComposedProcess[]): Resource {
  const { name, port, entrance, calls } = process;
  const callers = all.filter((other) => other.calls.includes(name)).map((other) => other.name);
  const portOf = (called: string) => all.find((other) => other.name === called)?.port;
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadataOf(process),
    spec: {
      podSelector: { matchLabels: selectorOf(name) },
      policyTypes: ['Ingress', 'Egress'],
      ...(port !== undefined && {
        ingress: [
          {
            from: entrance
              ? [{ namespaceSelector: { matchLabels: { [`signet/calls-gateway-${entrance}`]: 'yes' } } }]
              : callers.map((caller) => ({ podSelector: { matchLabels: selectorOf(caller) } })),
            ports: [{ protocol: 'TCP', port }],
          },
          {
            from: [{ namespaceSelector: { matchLabels: { 'signet/reads-metrics': 'yes' } } }],
            ports: [{ protocol: 'TCP', port: metricsPort }],
          },
        ],
      }),
      ...(calls.length > 0 && {
        egress: calls.map((called) => ({
          to: [{ podSelector: { matchLabels: selectorOf(called) } }],
          ports: [{ protocol: 'TCP', port: portOf(called) }],
        })),
      }),
    },
  };
}

/** Which address the database has is the overlay's. */
function sharedPolicies(): Resource[] {
  const policy = (name: string, spec: object): Resource => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, labels: { 'app.kubernetes.io/part-of': 'signet', ...prepare } },
    spec,
  });
  const tcp = (port: number) => ({ protocol: 'TCP', port });
  return [
    policy('default-deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }),
    policy('names', {
      podSelector: {},
      policyTypes: ['Egress'],
      egress: [
        {
          to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } }],
          ports: [{ protocol: 'UDP', port: 53 }, tcp(53)],
        },
      ],
    }),
    // Mail servers and identity providers. Neither the cluster nor the machine's metadata service is outside.
    policy('outside', {
      podSelector: { matchLabels: { 'signet/outside': 'client' } },
      policyTypes: ['Egress'],
      egress: [
        {
          to: [
            {
              ipBlock: {
                cidr: '0.0.0.0/0',
                except: ['10.0.0.0/8', '100.64.0.0/10', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'],
              },
            },
            { ipBlock: { cidr: '2000::/3' } },
          ],
          ports: [tcp(443), tcp(465), tcp(587)],
        },
      ],
    }),
    policy('traces', {
      podSelector: { matchLabels: { 'app.kubernetes.io/part-of': 'signet' } },
      policyTypes: ['Egress'],
      egress: [
        {
          to: [{ namespaceSelector: { matchLabels: { 'signet/takes-traces': 'yes' } } }],
          ports: [tcp(4317), tcp(4318)],
        },
      ],
    }),
  ];
}

function kustomizationOf(files: readonly string[]): Resource {
  return {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: ['network.yaml', ...files.map((file) => file.replace('base/', ''))],
    configMapGenerator: [
      {
        name: settings,
        envs: ['settings.env'],
        options: { labels: { 'app.kubernetes.io/part-of': 'signet', ...prepare } },
      },
    ],
  } as unknown as Resource;
}

/** The defaults of docker-compose.yml. An overlay's settings.env has what differs. */
function writeSettings(processes: readonly ComposedProcess[]): string {
  const defaults = new Map(
    processes.flatMap(({ environment }) =>
      environment.flatMap(([, value]) =>
        'setting' in value && value.default !== '' ? [[value.setting, value.default] as const] : [],
      ),
    ),
  );
  const lines = [...defaults].map(([name, value]) => `${name}=${value}\n`);
  return `#${note}\n# docs/settings.md says what each means, and which others there are.\n${lines.join('')}`;
}

function replicasOf(): Resource {
  return {
    apiVersion: 'kustomize.config.k8s.io/v1alpha1',
    kind: 'Component',
    resources: ['disruption-budgets.yaml', 'autoscalers.yaml'],
  } as unknown as Resource;
}

function disruptionBudgetOf(process: ComposedProcess): Resource {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadataOf(process),
    spec: {
      maxUnavailable: 1,
      selector: { matchLabels: selectorOf(process.name) },
      // A pod that can't become ready must not keep a machine from being emptied.
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  };
}

function autoscalerOf(process: ComposedProcess): Resource {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: metadataOf(process),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: process.name },
      minReplicas: 2,
      maxReplicas: 6,
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } },
        },
      ],
      // Each new pod opens its own connections to the database: up quickly, down slowly.
      behavior: {
        scaleDown: {
          stabilizationWindowSeconds: 300,
          policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }],
        },
      },
    },
  };
}

/** YAML documents, for readers of YAML 1.1, to whom a bare `yes` is no text. A variable, a port and a label selector take a line each. */
function write(resources: readonly object[]): string {
  const texts = resources.map((resource) => {
    const document = new Document(resource, { aliasDuplicateObjects: false, schema: 'yaml-1.1' });
    foldLeaves(document);
    return document.toString({ lineWidth: 0, flowCollectionPadding: true });
  });
  return `#${note}\n${texts.join('---\n')}`;
}

/** Lists whose members are short stand in one line a member. */
const foldedLists = new Set(['env', 'ports', 'volumeMounts', 'to', 'from', 'sources']);

function foldLeaves(document: Document): void {
  visit(document, {
    Pair(_key, { key, value }) {
      if (isScalar(value) && String(key) === 'defaultMode') value.format = 'OCT';
      if (!isSeq(value) || !foldedLists.has(String(key))) return;
      for (const item of value.items) if (isMap(item)) item.flow = true;
    },
    Map(_key, map) {
      if (map.items.length > 0 && map.items.every(({ key }) => /\//.test(String(key)))) return;
      if (map.items.every(({ value }) => !isMap(value) && !isSeq(value)) && map.items.length <= 2)
        map.flow = true;
    },
  });
}
