import { readFile, stat } from 'node:fs/promises';
import { normalizeRuleNames, RuleNameError } from '@signet/access';
import { supergraphPath, type Variant } from '@signet/schema/supergraph-files';
import { decodeUtf8 } from '@signet/service';
import { type DocumentNode, parse } from 'graphql';
import { type FieldPlatforms, readFieldPlatforms } from '../access/field-platforms.ts';
import { entranceVariable, settingOf } from '../config-entrances.ts';

/** A supergraph that cannot be served. The message is for the operator. */
export class SupergraphError extends Error {
  override readonly name = 'SupergraphError';
}

export type Supergraph = {
  document: DocumentNode;
  /** Of the whole supergraph: a contract has lost its tags. */
  fieldPlatforms: FieldPlatforms;
};

/** Where an entrance reads its supergraph from, once and again. */
export type SupergraphSource = {
  /** The state of what is read. Equal marks mean that nothing has changed. @throws {SupergraphError} */
  mark(): Promise<string>;
  /** @throws {SupergraphError} */
  read(): Promise<Supergraph>;
};

/** Far larger than any real supergraph: a path to the wrong file must not fill the memory. */
const maxBytes = 32 * 2 ** 20;

/** The supergraph of an entrance: its own file or that of all entrances by configuration, or the generated one. */
export function findSupergraphSource(
  config: { SUPERGRAPH_FILE?: string | undefined },
  { name, kind }: { name: string; kind: Variant },
): SupergraphSource {
  const { SUPERGRAPH_FILE: file } = config;
  const ofEntrance = settingOf<string | undefined>(config, entranceVariable(name, 'SUPERGRAPH_FILE'));
  return readSupergraphFiles(ofEntrance ?? file ?? supergraphPath(kind), file ?? supergraphPath('graph'));
}

function readSupergraphFiles(path: string, wholePath: string): SupergraphSource {
  const paths = [...new Set([path, wholePath])];
  return {
    mark: async () => (await Promise.all(paths.map(markOf))).join('\n'),
    async read() {
      const document = await readDocument(path);
      const whole = wholePath === path ? document : await readDocument(wholePath);
      return { document, fieldPlatforms: readFieldPlatforms(whole) };
    },
  };
}

/** A supergraph that never changes. */
export function fixedSource(read: (variant: Variant) => DocumentNode, variant: Variant): SupergraphSource {
  return {
    mark: async () => variant,
    read: async () => ({ document: read(variant), fieldPlatforms: readFieldPlatforms(read('graph')) }),
  };
}

/** The state of a file: equal marks mean that nothing has changed. @throws {SupergraphError} where it cannot be read */
export async function markOf(path: string): Promise<string> {
  // `stat` follows links: mounted configuration is often a link to a folder that is replaced as a whole.
  const { ino, size, mtimeNs } = await whileReading(path, () => stat(path, { bigint: true }));
  return `${path} ${ino} ${size} ${mtimeNs}`;
}

async function readDocument(path: string): Promise<DocumentNode> {
  const bytes = await whileReading(path, () => readFile(path));
  if (bytes.length > maxBytes) throw new SupergraphError(`${path} has more than ${maxBytes} bytes`);
  return parseSupergraph(path, bytes);
}

/** Parsed with lines only where they are needed to name a fault: they triple what a document takes. */
function parseSupergraph(path: string, bytes: Buffer, noLocation = true): DocumentNode {
  try {
    return normalizeRuleNames(parse(decodeUtf8(bytes), { noLocation }));
  } catch (error) {
    if (!(error instanceof RuleNameError)) {
      throw new SupergraphError(`${path} is no GraphQL: ${(error as Error).message}`);
    }
    if (noLocation) return parseSupergraph(path, bytes, false);
    throw new SupergraphError(`${path}, ${error.message.replaceAll('\n', '; ')}`);
  }
}

async function whileReading<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new SupergraphError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
