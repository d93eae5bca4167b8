import { createEditors } from './explorer-editors.js';
import { connectAccountBar, connectExamples, readPageConfig } from './page-bar.js';
import { createSession } from './session.js';

const config = readPageConfig();
const session = createSession(config.graphqlPath);
const editors = createEditors(() => session.current()?.accessToken);

connectAccountBar(session, config.accounts);
connectExamples(config.examples, editors.open);
session.onChange(editors.putToken);

const workers = { json: 'jsonWorker.js', graphql: 'graphqlWorker.js' };
globalThis.MonacoEnvironment = {
  getWorker: (_id, label) =>
    new Worker(`${config.explorerFiles}${workers[label] ?? 'editorWorker.js'}`, { type: 'module' }),
};

try {
  const { React, createRoot, Ruru } = await import(`${config.explorerFiles}ruru.js`);
  createRoot(document.getElementById('ruru-root')).render(
    React.createElement(Ruru, {
      endpoint: config.graphqlPath,
      storage: storageWithoutSecrets(localStorage),
      forcedTheme: 'system',
      showPersistHeadersSettings: false,
      initialHeaders: '',
      defaultEditorToolsVisibility: 'headers',
      defaultQuery: config.examples[0]?.document ?? '{\n  __typename\n}\n',
      onTabChange: editors.putTokenSoon,
    }),
  );
} catch (error) {
  document.querySelector('.loading').textContent =
    `The explorer could not be started: ${error.message}. The API itself answers at ${location.origin}${config.graphqlPath}.`;
}

/**
 * Wraps the storage of the explorer so that it keeps nothing that may hold a token: GraphiQL's history keeps each
 * request's headers even when headers are not to be persisted, and variables may hold passwords and refresh tokens.
 */
function storageWithoutSecrets(storage) {
  return {
    get length() {
      return storage.length;
    },
    getItem: (key) => storage.getItem(key),
    removeItem: (key) => storage.removeItem(key),
    clear: () => storage.clear(),
    setItem(key, value) {
      if (!/:(headers|variables)$/.test(key)) storage.setItem(key, withoutSecrets(value));
    },
  };
}

function withoutSecrets(text) {
  try {
    return JSON.stringify(
      JSON.parse(text, (key, value) => (key === 'headers' || key === 'variables' ? null : value)),
    );
  } catch {
    return text; // Not JSON: a query, a theme.
  }
}
