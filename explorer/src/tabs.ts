import { Kind, type OperationDefinitionNode, parse } from 'graphql';

/** An operation that somebody works on. */
export type Tab = {
  id: number;
  operation: string;
  variables: string;
  headers: string;
  /** Of several operations, the one that was chosen to run. */
  chosen: string;
};
export type Tabs = { all: readonly Tab[]; current: number };

const storageKey = 'signet:explorer:tabs';
const mostKept = 20;
let lastId = 0;

export function createTab(content: Partial<Tab> = {}): Tab {
  lastId += 1;
  return { operation: '', variables: '', headers: '', chosen: '', ...content, id: lastId };
}

/** The operations of before a reload, or the one to begin with. */
export function readTabs(first: string): Tabs {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '');
    if (Array.isArray(kept) && kept.length > 0 && kept.every((text) => typeof text === 'string')) {
      const all = kept.slice(0, mostKept).map((operation) => createTab({ operation }));
      return { all, current: all[0]?.id ?? 0 };
    }
  } catch {
    // Nothing is kept, or what is kept is not ours.
  }
  const tab = createTab({ operation: first });
  return { all: [tab], current: tab.id };
}

/** Keeps the texts of operations alone: variables may hold passwords, headers a token. */
export function keepTabs({ all }: Tabs): void {
  try {
    localStorage.setItem(
      storageKey,
      JSON.stringify(all.slice(0, mostKept).map(({ operation }) => operation)),
    );
  } catch {
    // Too much for it, or a browser that keeps nothing: the operations end with the page.
  }
}

/** Undefined for a document that cannot be parsed. */
function operationsOf(document: string): OperationDefinitionNode[] | undefined {
  try {
    return parse(document).definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  } catch {
    return undefined;
  }
}

/** The operations of a tab among which somebody chooses, and the one that runs. Where there is one alone, it needs no name. */
export function choiceOf({ operation, chosen }: Tab): { names: string[]; name: string | undefined } {
  const names = (operationsOf(operation) ?? []).flatMap(({ name }) => (name ? [name.value] : []));
  return { names, name: names.length > 1 ? (names.includes(chosen) ? chosen : names[0]) : undefined };
}

export function nameOf({ operation }: Pick<Tab, 'operation'>): string {
  return /\b(?:query|mutation|subscription)\s+(\w+)/.exec(operation)?.[1] ?? '<untitled>';
}
