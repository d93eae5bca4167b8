import type { Resource } from './kustomize.test-support.ts';

type Match = { isExact: boolean; path: string; service: string };

/**
 * The service to which Ingresses and HTTPRoutes lead a path of a host: an exact path before a prefix, the longest prefix before others, and
 * prefixes by whole elements. Undefined where nothing leads anywhere.
 */
export function serviceOf(resources: readonly Resource[], host: string, path: string): string | undefined {
  const matches = resources
    .flatMap((resource) =>
      resource.kind === 'Ingress' ? readIngress(resource, host) : readRoute(resource, host),
    )
    .filter((match) => (match.isExact ? path === match.path : isBelow(path, match.path)))
    .sort((a, b) => Number(b.isExact) - Number(a.isExact) || b.path.length - a.path.length);
  return matches[0]?.service;
}

function isBelow(path: string, prefix: string): boolean {
  const whole = prefix.replace(/\/+$/, '');
  return path === whole || path.startsWith(`${whole}/`);
}

type IngressRule = {
  host: string;
  http: { paths: { path: string; pathType: string; backend: { service: { name: string } } }[] };
};

function readIngress({ spec }: Resource, host: string): Match[] {
  return (spec.rules as IngressRule[])
    .filter((rule) => rule.host === host)
    .flatMap(({ http }) =>
      http.paths.map(({ path, pathType, backend }) => ({
        isExact: pathType === 'Exact',
        path,
        service: backend.service.name,
      })),
    );
}

type RouteRule = {
  matches?: { path: { type: string; value: string } }[];
  backendRefs: { name: string }[];
};

function readRoute({ kind, spec }: Resource, host: string): Match[] {
  if (kind !== 'HTTPRoute' || !spec.hostnames.includes(host)) return [];
  const everything = [{ path: { type: 'PathPrefix', value: '/' } }];
  return (spec.rules as RouteRule[]).flatMap(({ matches = everything, backendRefs }) =>
    matches.map(({ path }) => ({
      isExact: path.type === 'Exact',
      path: path.value,
      service: backendRefs[0]?.name ?? '',
    })),
  );
}
