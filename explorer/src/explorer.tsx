import { parse, print } from 'graphql';
import { useCallback, useEffect, useRef, useState } from 'react';
import { type Answer, sendOperation } from './answer.ts';
import { Docs, type Place } from './docs.tsx';
import { Editor } from './editor.tsx';
import { useSchema } from './schema.ts';
import { choiceOf, createTab, keepTabs, nameOf, readTabs, type Tab, type Tabs } from './tabs.ts';

export type OpenOperation = (content: Pick<Tab, 'operation' | 'variables' | 'headers'>) => void;
type Tool = 'variables' | 'headers';

/** An explorer of the graph: operations in tabs, their variables and headers, the answer, and the documentation of the schema. */
export function Explorer(props: {
  graphqlPath: string;
  getToken: () => Promise<string | undefined>;
  firstOperation: string;
  /** Called with what opens an operation here, such as an example; returns what ends that. */
  onOpen: (open: OpenOperation) => () => void;
}) {
  const { graphqlPath, getToken, firstOperation, onOpen } = props;
  const known = useSchema(graphqlPath, getToken);
  const [tabs, setTabs] = useState<Tabs>(() => readTabs(firstOperation));
  const [tool, setTool] = useState<Tool>('variables');
  const [trail, setTrail] = useState<readonly Place[]>([]);
  const [hasDocs, setHasDocs] = useState(() => window.innerWidth > 900);
  const tab = tabs.all.find(({ id }) => id === tabs.current) ?? tabs.all[0];
  const runs = useRuns({ graphqlPath, getToken });

  const change = useCallback(
    (content: Partial<Tab>) =>
      setTabs((before) => ({
        ...before,
        all: before.all.map((one) => (one.id === before.current ? { ...one, ...content } : one)),
      })),
    [],
  );
  useEffect(() => keepTabs(tabs), [tabs]);
  useEffect(() => onOpen(change), [onOpen, change]);

  function add(): void {
    const made = createTab();
    setTabs(({ all }) => ({ all: [...all, made], current: made.id }));
  }
  function close(id: number): void {
    runs.stop(id);
    setTabs(({ all, current }) => {
      const left = all.filter((one) => one.id !== id);
      const rest = left.length > 0 ? left : [createTab()];
      return { all: rest, current: id === current ? (rest.at(-1)?.id ?? 0) : current };
    });
  }
  if (!tab) return null;
  const run = runs.of(tab.id);
  const start = () => runs.start(tab);

  return (
    <div className={hasDocs ? 'explorer with-docs' : 'explorer'}>
      <h1>Explorer</h1>
      <div className="tabs">
        <div role="tablist" aria-label="Operations">
          {tabs.all.map((one) => (
            <button
              type="button"
              role="tab"
              key={one.id}
              aria-selected={one.id === tab.id}
              onClick={() => setTabs((before) => ({ ...before, current: one.id }))}
            >
              {nameOf(one)}
            </button>
          ))}
        </div>
        {tabs.all.length > 1 && (
          <button
            type="button"
            className="quiet"
            aria-label={`Close ${nameOf(tab)}`}
            onClick={() => close(tab.id)}
          >
            ×
          </button>
        )}
        <button type="button" className="quiet" aria-label="New operation" onClick={add}>
          +
        </button>
        <button
          type="button"
          className="quiet docs-switch"
          aria-pressed={hasDocs}
          onClick={() => setHasDocs((before) => !before)}
        >
          Documentation
        </button>
      </div>
      <section className="request" aria-label="Request">
        <Bar
          tab={tab}
          isRunning={run.isRunning}
          onRun={start}
          onStop={() => runs.stop(tab.id)}
          onChange={change}
        />
        <Editor
          key={tab.id}
          label="Operation"
          language="graphql"
          text={tab.operation}
          schema={known.schema}
          onChange={(operation) => change({ operation })}
          onRun={start}
          onShowInDocs={(field, type, parentType) => {
            const at = parentType ?? type;
            if (!at) return;
            setTrail([field && parentType ? { type: at, field } : { type: at }]);
            setHasDocs(true);
          }}
        />
        <div role="tablist" aria-label="With the operation" className="tools">
          {(['variables', 'headers'] as const).map((name) => (
            <button
              type="button"
              role="tab"
              key={name}
              aria-selected={tool === name}
              onClick={() => setTool(name)}
            >
              {name === 'variables' ? 'Variables' : 'Headers'}
            </button>
          ))}
          {tool === 'headers' && <span className="hint">Authorization here replaces the account above.</span>}
        </div>
        <Editor
          key={`${tab.id} ${tool}`}
          label={tool === 'variables' ? 'Variables' : 'Headers'}
          language="json"
          text={tab[tool]}
          onChange={(text) => change({ [tool]: text })}
          onRun={start}
        />
      </section>
      <section className="answer" aria-label="Answer">
        <output className="hint">{run.isRunning ? 'Running…' : run.answer?.summary}</output>
        {run.answer && run.answer.reasons.length > 0 && (
          <ul className="reasons" aria-label="Reasons">
            {run.answer.reasons.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        )}
        <Editor label="Answer" language="json" text={run.answer?.text ?? ''} />
      </section>
      {hasDocs && <Docs known={known} trail={trail} onGo={setTrail} />}
    </div>
  );
}

function Bar(props: {
  tab: Tab;
  isRunning: boolean;
  onRun: () => void;
  onStop: () => void;
  onChange: (content: Partial<Tab>) => void;
}) {
  const { tab, isRunning, onRun, onStop, onChange } = props;
  const { names, name } = choiceOf(tab);
  return (
    <div className="run">
      {isRunning ? (
        <button type="button" className="primary" onClick={onStop}>
          Stop
        </button>
      ) : (
        <button type="button" className="primary" onClick={onRun}>
          Run
        </button>
      )}
      {names.length > 1 && (
        <select
          aria-label="Operation to run"
          value={name}
          onChange={({ target }) => onChange({ chosen: target.value })}
        >
          {names.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      )}
      <button
        type="button"
        className="quiet"
        onClick={() => onChange({ operation: prettify(tab.operation) })}
      >
        Format
      </button>
      <span className="hint">Ctrl+Enter runs, Ctrl+Space completes</span>
    </div>
  );
}

/** Comments stay: what has some is left as it is. */
function prettify(operation: string): string {
  try {
    return operation.includes('#') ? operation : `${print(parse(operation))}\n`;
  } catch {
    return operation;
  }
}

type Run = { isRunning: boolean; answer?: Answer };

/** The last run of each tab. A new one stops the one before. */
function useRuns(graph: { graphqlPath: string; getToken: () => Promise<string | undefined> }) {
  const [runs, setRuns] = useState<Readonly<Record<number, Run>>>({});
  const running = useRef(new Map<number, AbortController>());
  return {
    of: (id: number): Run => runs[id] ?? { isRunning: false },
    stop: (id: number) => running.current.get(id)?.abort(),
    async start(tab: Tab): Promise<void> {
      const { id, operation, variables, headers } = tab;
      running.current.get(id)?.abort();
      const ended = new AbortController();
      running.current.set(id, ended);
      setRuns((before) => ({ ...before, [id]: { isRunning: true } }));
      const { signal } = ended;
      const answer = await sendOperation({
        ...graph,
        operation,
        operationName: choiceOf(tab).name,
        variables,
        headers,
        signal,
      });
      if (running.current.get(id) !== ended) return;
      setRuns((before) => ({ ...before, [id]: { isRunning: false, answer } }));
    },
  };
}
