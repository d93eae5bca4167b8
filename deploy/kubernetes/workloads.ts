import type { ComposedProcess, Value } from './compose-processes.ts';
import { imageNameOf } from './write-images.ts';

export type Resource = { apiVersion: string; kind: string; metadata: object } & Record<string, unknown>;

/** Of every process. docker-compose.yml has one that its operator may move. */
export const metricsPort = 9464;
/** The ConfigMap of settings. A change gives it another name, so the pods that read it are replaced. */
export const settings = 'settings';
/** The Secret of settings that are secrets. An operator makes it, if any of them is set. */
const secretSettings = 'secret-settings';
const userId = 1000;

/** The labels of everything that belongs to a process. */
export function labelsOf({ name, kind }: ComposedProcess) {
  return {
    'app.kubernetes.io/name': name,
    'app.kubernetes.io/component': kind,
    'app.kubernetes.io/part-of': 'signet',
  };
}

/** By which its pods are found. */
export function selectorOf(name: string) {
  return { 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': 'signet' };
}

/** What `kubectl apply -l signet/phase=prepare` applies, before anything else. */
export const prepare = { 'signet/phase': 'prepare' };

export function metadataOf(process: ComposedProcess) {
  return {
    name: process.name,
    labels: { ...labelsOf(process), ...(process.kind === 'migration' && prepare) },
  };
}

export function deploymentOf(process: ComposedProcess): Resource {
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
export function jobOf(process: ComposedProcess): Resource {
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
      ...environment.map(([variable, value]) => variableOf(variable, value)),
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

function variableOf(name: string, value: Value) {
  if ('fixed' in value) return { name, value: value.fixed };
  const place = { name: value.isSecret ? secretSettings : settings, key: value.setting, optional: true };
  return { name, valueFrom: value.isSecret ? { secretKeyRef: place } : { configMapKeyRef: place } };
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
