import { dirname, resolve } from 'node:path';
import {
  type FieldPath,
  nameOfField,
  nameOfKey,
  parseYamlFile,
  readConfigText,
  type YamlFile,
} from '@signet/session/config';
import { isMap, isScalar, isSeq, type Node } from 'yaml';
import { entranceNameForm, entranceVariable, maxEntranceNameLength } from '../config-entrances.ts';
import {
  entranceSettings,
  type FileSetting,
  type FileSettings,
  fileSettingOf,
  limitSettings,
  topSettingOf,
  topSettings,
} from './file-keys.ts';

/** A configuration file as it was read. Its faults are of the file's form; what values mean is checked by the schema of the variables. */
export type SettingsFile = {
  /** As the operator named it. */
  path: string;
  /** What stands in it, as variables. */
  values: Readonly<Record<string, string>>;
  /** The names of its entrances. Undefined where it has none. */
  entrances: readonly string[] | undefined;
  /** The section as it stands there. */
  issuers: unknown;
  faults: readonly string[];
  /** File, line and field of a variable that stands in the file, or of the place where it would. */
  placeOf(variable: string): string | undefined;
  /** The same of a field. Where it is not there: of the innermost field around it. */
  placeOfField(path: FieldPath): string;
};

/** Reads a configuration file, YAML 1.2 or JSON. Never throws: `faults` has all that is wrong with its form. */
export function readSettingsFile(path: string): SettingsFile {
  const text = readConfigText(path);
  return typeof text === 'string'
    ? parseSettingsFile(path, text)
    : emptyFile(path, [`${path}: ${text.fault}`]);
}

function emptyFile(path: string, faults: readonly string[]): SettingsFile {
  const placeOfField = (field: FieldPath) => `${path}: ${nameOfField(field)}`;
  const placeOf = () => undefined;
  return { path, values: {}, entrances: undefined, issuers: undefined, faults, placeOf, placeOfField };
}

/** The same of a text. */
export function parseSettingsFile(path: string, text: string): SettingsFile {
  const file = parseYamlFile(path, text);
  return 'faults' in file ? emptyFile(path, file.faults) : new Reader(path, file).read();
}

/** Walks through a file once, and notes each value with its place. */
class Reader {
  readonly #path: string;
  readonly #file: YamlFile;
  readonly #values: Record<string, string> = {};
  readonly #places = new Map<string, string>();
  readonly #faults: string[] = [];
  #entrances: string[] | undefined;
  #issuers: unknown;

  constructor(path: string, file: YamlFile) {
    this.#path = path;
    this.#file = file;
  }

  read(): SettingsFile {
    this.#eachField(this.#file.root, [], (key, node, at) => {
      if (key === 'limits') this.#settings(node, at, limitSettings);
      else if (key === 'subgraphs') this.#subgraphs(node, at);
      else if (key === 'entrances') this.#readEntrances(node, at);
      else if (key === 'issuers') this.#readIssuers(node, at);
      else this.#setting(key, node, at, topSettings, ['limits', 'subgraphs', 'entrances', 'issuers']);
    });
    if (this.#entrances && this.#places.has('PORT')) {
      this.#fault(['port'], 'is set together with entrances, each of which has a port of its own');
    }
    return {
      path: this.#path,
      values: this.#values,
      entrances: this.#entrances,
      issuers: this.#issuers,
      faults: this.#faults,
      placeOf: (variable) => this.#places.get(variable) ?? this.#wouldBeAt(variable),
      placeOfField: (path) => this.#file.placeOf(path),
    };
  }

  #settings(node: Node | null, at: FieldPath, settings: FileSettings, prefix = ''): void {
    this.#eachField(node, at, (key, value, place) => this.#setting(key, value, place, settings, [], prefix));
  }

  #setting(
    key: string,
    node: Node | null,
    at: FieldPath,
    settings: FileSettings,
    others: readonly string[] = [],
    prefix = '',
  ): void {
    const setting = settings.get(key);
    const file = setting ? undefined : fileSettingOf(key, settings);
    if (setting?.isSecret) {
      this.#fault(at, `is a secret: name by ${key}File a file that holds it, or set ${setting.variable}`);
      return;
    }
    const found = setting ?? file;
    const text = found && this.#textOf(found, node, at);
    if (!found) this.#unknown(key, at, [...settings.keys(), ...others]);
    if (!found || text === undefined) return;
    const variable = `${prefix}${found.variable}`;
    this.#values[variable] = text;
    this.#places.set(variable, this.#file.placeOf(at));
  }

  /** The text that the variable of a setting would have. Undefined, and a fault, where the value has not the type of the setting. */
  #textOf({ type, isPath }: FileSetting, node: Node | null, at: FieldPath): string | undefined {
    const located = (text: string) => (isPath && text !== '' ? resolve(dirname(this.#path), text) : text);
    if (type.type === 'array' && isSeq(node)) {
      const items = node.items.map((item) => this.#scalar(this.#file.resolve(item as Node)));
      if (items.length === 0)
        return this.#refuse(at, 'is an empty list: leave the key out, or name something');
      if (items.some((item) => item === undefined || item === '' || item.includes(','))) {
        return this.#refuse(at, 'must be a list of texts without commas');
      }
      return items.map((item) => located(item ?? '')).join(',');
    }
    const text = this.#scalar(node, type.type === 'boolean');
    if (text === undefined) {
      return this.#refuse(at, `must be ${nouns[type.type]}`);
    }
    return text === '' ? this.#refuse(at, 'has no value: set it, or leave the key out') : located(text);
  }

  /** The text of a scalar as it stands there: `1e3` stays `1e3`. Undefined for a list or a map. */
  #scalar(node: Node | null, isFlag = false): string | undefined {
    if (node === null) return '';
    if (!isScalar(node)) return undefined;
    const { value, source } = node;
    if (value === null || value === undefined) return '';
    if (typeof value === 'boolean') return isFlag ? (value ? 'yes' : 'no') : String(value);
    return typeof value === 'string' ? value.trim() : (source ?? String(value));
  }

  #subgraphs(node: Node | null, at: FieldPath): void {
    const pairs: string[] = [];
    this.#eachField(node, at, (name, value, place) => {
      const url = this.#scalar(value);
      if (/[=,\s]/.test(name)) this.#fault(place, 'has a name with a comma, an equals sign or a space');
      else if (!/^https?:$/.test(URL.parse(url ?? '')?.protocol ?? '') || url?.includes(',')) {
        this.#fault(place, 'must be an http or https URL');
      } else pairs.push(`${name}=${url}`);
    });
    if (pairs.length === 0) return;
    this.#values.SUBGRAPH_URLS = pairs.join(',');
    this.#places.set('SUBGRAPH_URLS', this.#file.placeOf(at));
  }

  #readEntrances(node: Node | null, at: FieldPath): void {
    const names: string[] = [];
    this.#eachField(node, at, (name, value, place) => {
      const isName = entranceNameForm.test(name) && name.length <= maxEntranceNameLength;
      if (!isName)
        return this.#fault(place, 'is no name for an entrance: small letters, digits and dashes, at most 30');
      names.push(name);
      this.#settings(value, place, entranceSettings, entranceVariable(name, ''));
    });
    this.#entrances = names;
    if (names.length === 0 && this.#faults.length === 0) this.#fault(at, 'names no entrance');
  }

  #readIssuers(node: Node | null, at: FieldPath): void {
    try {
      this.#issuers = this.#file.toPlain(node);
    } catch {
      this.#fault(at, 'repeats itself by too many aliases');
    }
  }

  #eachField(
    given: Node | null,
    at: FieldPath,
    read: (key: string, node: Node | null, at: FieldPath) => void,
  ): void {
    const node = this.#file.resolve(given);
    if (!isMap(node)) {
      this.#fault(at, at.length === 0 ? 'must be a map of settings' : 'must be a map, a key on each line');
      return;
    }
    for (const { key, value } of node.items) {
      const name = nameOfKey(key);
      read(name, this.#file.resolve(value as Node | null), [...at, name]);
    }
  }

  #unknown(key: string, at: FieldPath, known: readonly string[]): void {
    const plain = key.toLowerCase().replaceAll(/[_-]/g, '');
    const near = known.find(
      (name) => name.toLowerCase().startsWith(plain) || plain === `${name.toLowerCase()}s`,
    );
    this.#fault(
      at,
      near ? `is no setting. Did you mean ${near}?` : 'is no setting (docs/any-supergraph.md has them)',
    );
  }

  #fault(at: FieldPath, fault: string): void {
    this.#faults.push(`${this.#file.placeOf(at)}: ${fault}`);
  }

  #refuse(at: FieldPath, fault: string): undefined {
    this.#fault(at, fault);
    return undefined;
  }

  /** Where a variable that does not stand in the file would. */
  #wouldBeAt(variable: string): string | undefined {
    for (const entrance of this.#entrances ?? []) {
      const prefix = entranceVariable(entrance, '');
      const setting = [...entranceSettings.values()].find((one) => `${prefix}${one.variable}` === variable);
      if (setting) return `${this.#file.placeOf(['entrances', entrance, setting.key])} (or ${variable})`;
    }
    const limit = [...limitSettings.values()].find((one) => one.variable === variable);
    if (limit) return `${this.#file.placeOf(['limits', limit.key])} (or ${variable})`;
    const top = topSettingOf(variable);
    return top && `${this.#path}: ${top.key} (or ${variable})`;
  }
}

const nouns = {
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
};
