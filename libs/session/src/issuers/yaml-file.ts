import { readFileSync } from 'node:fs';
import { decodeUtf8 } from '@signet/service';
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';

/** From the top of a file on: `['issuers', 1, 'claims', 'role']`. */
export type FieldPath = readonly (string | number)[];

/** Far larger than any real one. */
const maxBytes = 1024 * 1024;

/**
 * The text of a configuration file.
 *
 * @returns `fault`: why it cannot be had, without its name
 */
export function readConfigText(path: string): string | { fault: string } {
  try {
    const bytes = readFileSync(path);
    return bytes.length > maxBytes ? { fault: `has more than ${maxBytes} bytes` } : decodeUtf8(bytes);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { fault: code && !code.startsWith('ERR_') ? `cannot be read (${code})` : 'is not UTF-8' };
  }
}

/**
 * Parses a configuration file, YAML 1.2 or JSON.
 *
 * @param path how its faults name it
 * @returns the file, or all faults of its form, each with line and column. None quotes the text, which may hold secrets.
 */
export function parseYamlFile(path: string, text: string): YamlFile | { faults: readonly string[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const faults = [...document.errors, ...document.warnings].map(({ pos, message }) => {
    const { line, col } = lines.linePos(pos[0]);
    return `${path}:${line}:${col}: ${message.split('\n')[0]}`;
  });
  return faults.length > 0 ? { faults: [...new Set(faults)] } : new YamlFile(path, document, lines);
}

/** A configuration file that could be parsed. */
export class YamlFile {
  readonly #path: string;
  readonly #document: Document;
  readonly #lines: LineCounter;

  constructor(path: string, document: Document, lines: LineCounter) {
    this.#path = path;
    this.#document = document;
    this.#lines = lines;
  }

  get root(): Node | null {
    return this.#document.contents as Node | null;
  }

  /** What an alias stands for, and any other node itself. */
  resolve(node: Node | null | undefined): Node | null {
    return (isAlias(node) ? node.resolve(this.#document) : node) ?? null;
  }

  /** @throws {Error} where aliases multiply */
  toPlain(node: Node | null = this.root): unknown {
    return node?.toJS(this.#document, { maxAliasCount: 100 }) ?? null;
  }

  /** File, line, column and name of a field. Where it is not there: the place of the innermost field around it. */
  placeOf(path: FieldPath): string {
    let node = this.root;
    let offset = node?.range?.[0] ?? 0;
    for (const part of path) {
      const inner = this.resolve(node);
      if (isMap(inner)) {
        const pair = inner.items.find(({ key }) => nameOfKey(key) === String(part));
        if (!pair) break;
        offset = (pair.key as Node).range?.[0] ?? offset;
        node = pair.value as Node | null;
      } else if (isSeq(inner)) {
        node = (inner.items[Number(part)] as Node | undefined) ?? null;
        if (!node) break;
        offset = node.range?.[0] ?? offset;
      } else break;
    }
    const { line, col } = this.#lines.linePos(offset);
    const place = `${this.#path}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
    return path.length > 0 ? `${place}: ${nameOfField(path)}` : place;
  }
}

/** The text of a map's key. */
export function nameOfKey(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}

/** `issuers[1].claims.role` */
export function nameOfField(path: FieldPath): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index > 0 ? '.' : ''}${part}`))
    .join('');
}
