import type { Resource } from './kustomize.test-support.ts';

type Labels = Readonly<Record<string, string>>;
type Selector = { matchLabels?: Labels };
type Peer = {
  podSelector?: Selector;
  namespaceSelector?: Selector;
  ipBlock?: { cidr: string; except?: string[] };
};
type Rule = { from?: Peer[]; to?: Peer[]; ports?: { port: number; protocol: string }[] };

/** Somebody who sends or receives: a pod of ours, one in another namespace, or an address outside. */
export type Party =
  | { pod: Labels; namespace?: undefined; address?: undefined }
  | { namespace: Labels; pod?: undefined; address?: undefined }
  | { address: string; pod?: undefined; namespace?: undefined };

/**
 * Whether the policies let a connection through, as networking.k8s.io/v1 says it: a pod that some policy selects for a direction takes part
 * only in what one of these policies names; a pod that none selects takes part in all. Knows the selectors that our files use
 * (matchLabels; an address as it is written), and no others.
 */
export function isLetThrough(policies: readonly Resource[], from: Party, to: Party, port: number): boolean {
  return (
    lets(policies, from.pod, to, port, { type: 'Egress', part: 'egress', peers: 'to' }) &&
    lets(policies, to.pod, from, port, { type: 'Ingress', part: 'ingress', peers: 'from' })
  );
}

type Direction = { type: string; part: 'egress' | 'ingress'; peers: 'from' | 'to' };

function lets(
  policies: readonly Resource[],
  own: Labels | undefined,
  other: Party,
  port: number,
  { type, part, peers }: Direction,
): boolean {
  if (!own) return true;
  const selecting = policies.filter(
    ({ spec }) => spec.policyTypes.includes(type) && matches(spec.podSelector, own),
  );
  if (selecting.length === 0) return true;
  return selecting.some(({ spec }) =>
    ((spec[part] ?? []) as Rule[]).some(
      (rule) =>
        (rule.ports === undefined || rule.ports.some((allowed) => allowed.port === port)) &&
        (rule[peers] === undefined || rule[peers].some((peer) => isPeer(peer, other))),
    ),
  );
}

function isPeer(
  { podSelector, namespaceSelector, ipBlock }: Peer,
  { pod, namespace, address }: Party,
): boolean {
  if (ipBlock) return address !== undefined && ipBlock.cidr.startsWith(address);
  if (namespaceSelector) {
    if (podSelector) throw new TypeError('This reader does not know a peer with both selectors.');
    return namespace !== undefined && matches(namespaceSelector, namespace);
  }
  return pod !== undefined && matches(podSelector, pod);
}

function matches(selector: Selector | undefined, labels: Labels): boolean {
  const { matchLabels = {}, ...unknown } = selector ?? {};
  if (Object.keys(unknown).length > 0) throw new TypeError('This reader knows matchLabels only.');
  return Object.entries(matchLabels).every(([name, value]) => labels[name] === value);
}
