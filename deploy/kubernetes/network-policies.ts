import type { ComposedProcess } from './compose-processes.ts';
import { metadataOf, metricsPort, prepare, type Resource, selectorOf } from './workloads.ts';

/** Who may call a process, and whom it may call. Everything else is refused. */
export function policyOf(process: ComposedProcess, all: readonly ComposedProcess[]): Resource {
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
export function sharedPolicies(): Resource[] {
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
