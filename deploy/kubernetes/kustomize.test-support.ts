import { execFileSync } from 'node:child_process';
import { parseAllDocuments } from 'yaml';

/** A rendered resource, as a cluster would get it. */
export type Resource = {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  // biome-ignore lint/suspicious/noExplicitAny: each kind has a form of its own, which the schemas of Kubernetes check.
  [part: string]: any;
};

/** What kubectl 1.27 and later brings along. Earlier ones do not know components. */
const leastVersion = 5;
const howToGet =
  'Install kubectl 1.27 or later, or kustomize 5 or later, or name the program in KUBECTL (.ci/run does it by itself).';

/** Renders a folder with the real kustomize: the program in KUBECTL, or kubectl or kustomize from the path. */
export function render(folder: string): Resource[] {
  const [program, ...args] = findKustomize();
  const text = execFileSync(program, [...args, folder], { encoding: 'utf8', maxBuffer: 16 * 2 ** 20 });
  return parseAllDocuments(text, { schema: 'yaml-1.1' }).map((document) => document.toJS() as Resource);
}

let found: [program: string, ...args: string[]] | undefined;

function findKustomize(): [program: string, ...args: string[]] {
  found ??= search();
  return found;
}

function search(): [program: string, ...args: string[]] {
  const kubectl = process.env.KUBECTL || 'kubectl';
  const seen: string[] = [];
  for (const [program, versionArgs, args] of [
    [kubectl, ['version', '--client'], ['kustomize']],
    ['kustomize', ['version'], ['build']],
  ] as const) {
    const output = tryRun(program, versionArgs);
    const [, major] = /v(\d+)\.\d+\.\d+\s*$/m.exec(output?.replace(/^Client.*$/m, '') ?? '') ?? [];
    if (Number(major) >= leastVersion) return [program, ...args];
    if (output !== undefined) seen.push(`${program}: ${output.trim()}`);
  }
  throw new Error(`No kustomize to render deploy/kubernetes with. ${howToGet}\n${seen.join('\n')}`);
}

function tryRun(program: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}
