import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Document, isMap, isScalar, isSeq, visit } from 'yaml';
import { type ComposedProcess, readComposedProcesses } from './compose-processes.ts';
import { policyOf, sharedPolicies } from './network-policies.ts';
import {
  deploymentOf,
  jobOf,
  metadataOf,
  prepare,
  type Resource,
  selectorOf,
  settings,
} from './workloads.ts';
import { writeImages } from './write-images.ts';

const folder = 'deploy/kubernetes';
const note = ' Written by npm run compose from docker-compose.yml. Change that file, or an overlay.';

/** A generated file. Without content it belongs to a subgraph that is gone, and must be deleted. */
export type Manifest = { path: string; content: string | undefined };

/**
 * The kustomize base and the component for several replicas: all that follows from docker-compose.yml, so from the registry. Paths
 * are absolute. `secretSettings` names those that come from a Secret.
 */
export function generateManifests(tree: string, secretSettings: ReadonlySet<string>): Manifest[] {
  const processes = readComposedProcesses(tree, secretSettings).map((process) => ({
    ...process,
    // Policies and probes count on the port: it is fixed here.
    environment: process.environment.filter(([variable]) => variable !== 'METRICS_PORT'),
  }));
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

function serviceOf(process: ComposedProcess, port: number): Resource {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadataOf(process),
    spec: { selector: selectorOf(process.name), ports: [{ name: 'http', port, targetPort: 'http' }] },
  };
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
