import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { readComposeFile, root } from '../compose-file.test-support.ts';
import { readProcesses } from '../services.test-support.ts';
import { findForbidden, type LockedPackage, readLockedPackages, writeLicencePage } from './licences.ts';
import { listImages } from './list-images.ts';
import { placeImages } from './place-images.ts';

const packages = readLockedPackages(root);
const read = (path: string) => readFileSync(join(root, path), 'utf8');

test('every package has a licence that somebody agreed to', () => {
  expect(packages.length).toBeGreaterThan(500);
  expect(findForbidden(packages)).toEqual([]);
});

test.each([
  ['GPL-3.0-only', true],
  ['none', true],
  ['MIT OR GPL-3.0-only', false],
  ['MIT AND GPL-3.0-only', true],
  ['(MIT AND BSD-3-Clause)', false],
  // Of a package that NOTICE does not explain.
  ['Elastic-2.0', true],
  ['SEE LICENSE IN LICENSE.md', true],
])('a package under %s is refused: %s', (licence, isRefused) => {
  const added = { name: 'new-package', licence, isInImages: true } as LockedPackage;
  expect(findForbidden([added])).toEqual(
    isRefused ? [expect.stringContaining(`new-package has the licence ${licence}`)] : [],
  );
});

test('docs/licences.md lists what the lock file installs', () => {
  expect(read('docs/licences.md')).toBe(writeLicencePage(packages));
  const images = /## In the container images[\s\S]*?\n## /.exec(read('docs/licences.md'))?.[0];
  expect(images).toContain('@apollo/gateway');
  expect(images).not.toContain('vitest');
});

test('the packages that are installed say the licence that the lock file says', () => {
  const differing = packages
    .filter(({ path }) => existsSync(join(root, path, 'package.json')))
    .flatMap(({ name, path, licence }) => {
      const { license, licenses } = JSON.parse(read(join(path, 'package.json')));
      const said =
        license?.type ?? license ?? licenses?.map(({ type }: { type: string }) => type).join(' OR ');
      return said === licence ? [] : [[name, licence, said]];
    });
  expect(differing).toEqual([]);
});

test('each package in the lock file has the hash of what may be installed, and none comes from elsewhere', () => {
  const lock = JSON.parse(read('package-lock.json'));
  expect(lock.lockfileVersion).toBe(3);
  expect(
    packages.filter(({ integrity }) => !/^sha512-/.test(integrity ?? '')).map(({ name }) => name),
  ).toEqual([]);
  const resolved = Object.values<{ resolved?: string; link?: boolean }>(lock.packages).filter(
    ({ link }) => !link,
  );
  expect(resolved.flatMap(({ resolved: from }) => (from && !/^https:\/\//.test(from) ? [from] : []))).toEqual(
    [],
  );
});

test('npm run sbom writes a valid CycloneDX document with every package, its licence and its hash', async () => {
  const text = execFileSync('npm', ['run', '-s', 'sbom'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
  });
  const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot5);
  expect(await validator.validate(text)).toBeNull();
  // The validator validates: a document with an unknown part is refused.
  expect(await validator.validate(JSON.stringify({ ...JSON.parse(text), parts: [] }))).not.toBeNull();
  const components = JSON.parse(text).components as Component[];
  const nameOf = ({ purl }: Component) => decodeURIComponent(purl).replace(/^pkg:npm\/|@[^@]*$/g, '');
  const external = components.filter((component) => !nameOf(component).startsWith('@signet/'));
  const listed = new Set(external.map(nameOf));
  // An override installs a package under another's name; the document has its own.
  const lock = JSON.parse(read('package-lock.json')).packages;
  const missing = packages
    .filter(({ name, path }) => !listed.has(lock[path].name ?? name))
    .map(({ name }) => name);
  expect(missing).toEqual([]);
  expect(external.filter(({ licenses, hashes }) => !licenses?.length || !hashes?.length)).toEqual([]);
  const developed = external.filter(({ properties }) =>
    properties?.some(({ name }) => name.endsWith(':development')),
  );
  expect(developed.map(nameOf)).toContain('vitest');
  expect(developed.map(nameOf)).not.toContain('fastify');
});

type Component = {
  purl: string;
  licenses?: object[];
  hashes?: object[];
  properties?: { name: string }[];
};

test('a release builds every image that compose runs, and places them by digest', () => {
  const output = execFileSync(process.execPath, ['deploy/supply/list-images.ts'], {
    cwd: root,
    encoding: 'utf8',
  });
  const images = JSON.parse(output) as ReturnType<typeof listImages>;
  expect(images).toEqual(listImages(root));
  const built = readProcesses(readComposeFile()).map(({ target, service }) => [
    target,
    service.build?.target,
    service.build?.args ? `SUBGRAPH=${service.build.args.SUBGRAPH}` : '',
  ]);
  expect(new Set(images.map(({ image, target, arguments: args }) => `${image} ${target} ${args}`))).toEqual(
    new Set(built.map((parts) => parts.join(' '))),
  );
  const tree = mkdtempSync(join(tmpdir(), 'signet-release-'));
  const digests = join(tree, 'digests');
  const placed = join(tree, 'deploy/kubernetes/images');
  for (const folder of [digests, placed]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(tree, 'docker-compose.yml'), read('docker-compose.yml'));
  const digest = (at: number) => `sha256:${String(at).padStart(64, '0')}`;
  images.forEach(({ image }, at) => void writeFileSync(join(digests, image), `${digest(at)}\n`));
  placeImages(tree, 'registry.example.org/shop', digests);
  const file = join(placed, 'kustomization.yaml');
  expect(parse(readFileSync(file, 'utf8')).images).toEqual(
    images.map(({ image }, at) => ({
      name: `signet-${image}`,
      newName: `registry.example.org/shop/${image}`,
      digest: digest(at),
    })),
  );
  rmSync(file);
  writeFileSync(join(digests, 'gateway'), 'latest');
  expect(() => placeImages(tree, 'registry.example.org/shop', digests)).toThrow(/gateway: holds no digest/);
  expect(existsSync(file)).toBe(false);
  rmSync(tree, { recursive: true });
});

test('workflows may read by default, and only the jobs that publish may do more', () => {
  const mayWrite = globSync('.github/workflows/*.yml', { cwd: root }).flatMap((path) => {
    const { permissions, jobs } = parse(read(path));
    expect([path, permissions]).toEqual([path, { contents: 'read' }]);
    return Object.entries<{ permissions?: Record<string, string> }>(jobs).flatMap(
      ([job, { permissions: own = {} }]) =>
        Object.entries(own).flatMap(([what, right]) => (right === 'write' ? [`${job}: ${what}`] : [])),
    );
  });
  expect(mayWrite.sort()).toEqual([
    'access: pull-requests',
    'image: attestations',
    'image: id-token',
    'image: packages',
    'release: contents',
  ]);
});

test('the release workflow pushes with provenance and an SBOM, and attests the digest that was pushed', () => {
  const { jobs } = parse(read('.github/workflows/release.yml'));
  const steps: { uses?: string; with?: Record<string, unknown> }[] = jobs.image.steps;
  const step = (action: string) => steps.find(({ uses }) => uses?.startsWith(`${action}@`))?.with;
  expect(step('docker/build-push-action')).toMatchObject({ push: true, provenance: 'mode=max', sbom: true });
  expect(step('actions/attest-build-provenance')).toMatchObject({
    // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of the workflow's
    'subject-digest': '${{ steps.build.outputs.digest }}',
    'push-to-registry': true,
  });
  const files = JSON.stringify(jobs).match(/deploy\/[\w/.-]+\.(ts|yaml)/g) ?? [];
  for (const file of files) expect([file, existsSync(join(root, file))]).toEqual([file, true]);
  expect(files.length).toBeGreaterThan(2);
});
