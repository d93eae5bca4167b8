import { Gateway } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/Gateway';
import { HTTPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1/Ingress';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import { Secret } from 'kubernetes-models/v1/Secret';
import { Service } from 'kubernetes-models/v1/Service';
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import type { Resource } from './kustomize.test-support.ts';

/** What we write. A kind that is not here has a version that the schemas do not know, or needs a line. */
const models = [
  Deployment,
  StatefulSet,
  HorizontalPodAutoscaler,
  Job,
  Ingress,
  NetworkPolicy,
  PodDisruptionBudget,
  ConfigMap,
  Namespace,
  Secret,
  Service,
  ServiceAccount,
  Gateway,
  HTTPRoute,
];

/**
 * What the JSON schemas of Kubernetes and of the Gateway API say against a resource: a line for each fault. They are compiled into
 * code, and let through what they do not know, as JSON schemas do. So a field that this code never looks at is reported as well: the API
 * server would drop it, or refuse it.
 */
export function findFaults(resource: Resource): string[] {
  const name = `${resource.kind} ${resource.metadata?.name}`;
  const Model = models.find(
    ({ apiVersion, kind }) => apiVersion === resource.apiVersion && kind === resource.kind,
  );
  if (!Model) return [`${name}: ${resource.apiVersion} is not known`];
  const { watched, findUnread } = watchReads(resource);
  try {
    // On the resource itself: a model's constructor would copy it, and thereby read every field.
    (Model.prototype as { validate(this: object): void }).validate.call(watched);
  } catch (error) {
    return [`${name}: ${(error as Error).message}`];
  }
  return findUnread().map((path) => `${name}: ${path} is no field`);
}

/** Maps of the user's own keys. */
const freeMaps =
  /\.(labels|annotations|matchLabels|data|stringData|binaryData|selector|requests|limits|nodeSelector)$/;

/** An object that keeps a record of which of its fields were read, through and through. */
function watchReads<T extends object>(value: T): { watched: T; findUnread(): string[] } {
  const read = new Set<string>();
  const all: string[] = [];
  const watch = (part: object, path: string): object => {
    const known = new Map<string, unknown>();
    for (const [key, child] of Object.entries(part)) {
      const childPath = `${path}.${key}`;
      if (!Array.isArray(part) && !freeMaps.test(path)) all.push(childPath);
      known.set(key, child !== null && typeof child === 'object' ? watch(child, childPath) : child);
    }
    return new Proxy(part, {
      get(target, key, receiver) {
        if (typeof key === 'string' && known.has(key)) {
          read.add(`${path}.${key}`);
          return known.get(key);
        }
        return Reflect.get(target, key, receiver);
      },
    });
  };
  const watched = watch(value, '') as T;
  return { watched, findUnread: () => all.filter((path) => !read.has(path)) };
}
