import { connectAccountBar } from './account-bar.js';
import { connectExamples } from './examples.js';
import { createEditors } from './explorer-editors.js';
import { storageWithoutSecrets } from './explorer-storage.js';
import { readPageConfig } from './page-config.js';
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
