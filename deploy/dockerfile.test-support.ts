import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './compose-file.test-support.ts';

/** A stage with all that it takes over from the stage below it. */
export type Image = {
  base: string;
  env: Record<string, string>;
  user: string | undefined;
  /** Sources copied out of the repository. */
  copied: string[];
  exposed: number[];
  command: string[];
  ran: string[];
  healthcheck: string | undefined;
};

/** The image of a target with a build argument filled in, as the engine does it. */
export function withArguments(image: Image, given: Readonly<Record<string, string>> = {}): Image {
  const fill = (text: string) => text.replace(/\$(\w+)/g, (all, name: string) => given[name] ?? all);
  return {
    ...image,
    env: Object.fromEntries(Object.entries(image.env).map(([name, value]) => [name, fill(value)])),
    copied: image.copied.map(fill),
  };
}

/** The images of the Dockerfile by target. Knows the instructions that it uses, and no others. */
export function readImages(tree: string = root): Map<string, Image> {
  const images = new Map<string, Image>();
  let current: Image | undefined;
  for (const [instruction, rest] of readInstructions(tree)) {
    if (instruction === 'FROM') {
      const [, base = '', name = ''] = /^(\S+) AS (\S+)$/.exec(rest) ?? [];
      current = startImage(base, images.get(base));
      images.set(name, current);
    } else if (current) {
      apply(current, instruction, rest);
    }
  }
  return images;
}

function readInstructions(tree: string): [string, string][] {
  const text = readFileSync(join(tree, 'Dockerfile'), 'utf8').replaceAll('\\\n', ' ');
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return lines.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1).trim()]);
}

function startImage(base: string, below: Image | undefined): Image {
  return below
    ? { ...structuredClone(below), base: below.base }
    : {
        base,
        env: {},
        user: undefined,
        copied: [],
        exposed: [],
        command: [],
        ran: [],
        healthcheck: undefined,
      };
}

function apply(image: Image, instruction: string, rest: string): void {
  switch (instruction) {
    case 'ENV':
      Object.assign(image.env, Object.fromEntries(rest.split(' ').map((pair) => pair.split(/=(.*)/s, 2))));
      return;
    case 'USER':
      image.user = rest;
      return;
    case 'EXPOSE':
      image.exposed.push(...rest.split(' ').map(Number));
      return;
    case 'CMD':
      image.command = JSON.parse(rest);
      return;
    case 'HEALTHCHECK':
      image.healthcheck =
        rest === 'NONE' ? undefined : JSON.parse(rest.slice(rest.indexOf('CMD ') + 4)).at(-1);
      return;
    case 'COPY':
      if (!rest.startsWith('--from=')) image.copied.push(...rest.split(' ').slice(0, -1));
      return;
    case 'RUN':
      image.ran.push(rest);
      return;
    case 'WORKDIR':
    case 'ARG':
      return;
    default:
      throw new Error(`This reader does not know the instruction ${instruction}.`);
  }
}
