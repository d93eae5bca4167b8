import { createRoot } from 'react-dom/client';
import {
  connectAccountBar,
  connectExamples,
  readPageConfig,
} from '../../gateway/src/pages/client/page-bar.js';
import { createSession } from '../../gateway/src/pages/client/session.js';
import { Explorer, type OpenOperation } from './explorer.tsx';
import './styles.css';

/** What the gateway wrote into the page (gateway/src/pages/layout.ts). */
type Example = { document: string; variables?: object; headers?: Record<string, string> };
type PageConfig = {
  graphqlPath: string;
  accounts: { email: string; platform: string }[];
  examples: Example[];
};

const config: PageConfig = readPageConfig();
const session = createSession(config.graphqlPath, config.accounts);
connectAccountBar(session, config.accounts);
// A server that is down: whoever asks it sees that.
session.restore().catch(() => {});

const openers = new Set<OpenOperation>();
connectExamples(config.examples, ({ document, variables, headers }: Example) => {
  for (const open of openers) {
    open({ operation: document, variables: write(variables), headers: write(headers) });
  }
});

const target = document.getElementById('explorer');
if (target) {
  createRoot(target).render(
    <Explorer
      graphqlPath={config.graphqlPath}
      getToken={session.token}
      firstOperation={config.examples[0]?.document ?? '{\n  __typename\n}\n'}
      onOpen={(open) => {
        openers.add(open);
        return () => void openers.delete(open);
      }}
    />,
  );
}

function write(value: object | undefined): string {
  return value ? JSON.stringify(value, null, 2) : '';
}
