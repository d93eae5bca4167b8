import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { subgraphs } from './subgraphs.ts';

/** An operation that Sandbox and the explorer offer. */
export type ExampleOperation = {
  name: string;
  document: string;
  variables?: Readonly<Record<string, unknown>>;
};

const root = join(import.meta.dirname, '..');
const labelLine = /^# *(\S.*)\n/;
const variablesLine = /^# *Variables: *(.*)\n/;

/** `npm run compose` writes the examples of all subgraphs here, and the gateway reads them. */
export const examplesPath = join(import.meta.dirname, 'generated', 'examples.json');

/**
 * Collects `subgraphs/<name>/examples/*.graphql`, subgraphs in the order of the registry, files in that of their names. The first
 * comment line of a file is its label; a line `# Variables: { … }` after it holds variables as JSON. What follows is the document.
 * From this repository, or from a copy of it in `tree`.
 *
 * @throws {Error} that names the faulty file.
 */
export function collectExampleOperations(tree = root): readonly ExampleOperation[] {
  return subgraphs.flatMap(({ name }) =>
    globSync(join('subgraphs', name, 'examples', '*.graphql'), { cwd: tree })
      .sort()
      .map((file) => parseExample(readFileSync(join(tree, file), 'utf8'), file)),
  );
}

/** The examples that `npm run compose` has collected. */
export function readExampleOperations(): readonly ExampleOperation[] {
  return JSON.parse(readFileSync(examplesPath, 'utf8')) as ExampleOperation[];
}

/** @throws {Error} that names the faulty file. */
export function parseExample(text: string, file: string): ExampleOperation {
  const name = labelLine.exec(text)?.[1]?.trim();
  if (name === undefined) {
    throw new Error(
      `${file}: the first line must be a comment with the label of the example, such as # Login`,
    );
  }
  const unlabelled = text.replace(labelLine, '');
  const variables = parseVariables(variablesLine.exec(unlabelled)?.[1], file);
  const document = unlabelled.replace(variablesLine, '').trim();
  return { name, document, ...(variables && { variables }) };
}

function parseVariables(json: string | undefined, file: string): Record<string, unknown> | undefined {
  if (json === undefined) {
    return undefined;
  }
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // Refused below, like JSON that is no object.
  }
  throw new Error(`${file}: the line # Variables: must hold a JSON object, such as { "first": 10 }`);
}
