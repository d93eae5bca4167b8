import { connectAccountBar, connectExamples, copyFrom, onAction, readPageConfig } from './page-bar.js';
import { createSandboxRequest, loadSandboxScript, sharedHeaders, whenFrameAnswers } from './sandbox-frame.js';
import { createSession } from './session.js';

const frameTimeoutMs = 10_000;

const config = readPageConfig();
const session = createSession(config.graphqlPath, config.accounts);
const introduction = document.querySelector('.intro');
const notice = document.querySelector('[data-sandbox-state]');
const target = document.getElementById('sandbox');
let sandbox;

connectAccountBar(session, config.accounts);
session.restore().catch(() => {}); // The server is down: whoever asks it sees that.
connectIntroduction();
loadSandboxScript(config.sandboxScriptUrl).then(showSandbox, (error) => {
  notice.textContent = `Apollo Sandbox could not be loaded: ${error.message}. Everything else works.`;
  notice.classList.add('error');
});

function showSandbox() {
  introduction.hidden = true;
  target.hidden = false;
  connectExamples(config.examples, openSandbox);
  openSandbox(config.examples[0]);
  whenFrameAnswers(config.sandboxFrameOrigin, frameTimeoutMs).catch((error) => {
    notice.textContent = `Apollo Sandbox does not answer: ${error.message}.`;
    notice.classList.add('error');
    introduction.hidden = false;
  });
}

function openSandbox(example) {
  sandbox?.dispose();
  sandbox = new window.EmbeddedSandbox({
    target,
    initialEndpoint: new URL(config.graphqlPath, location.origin).href,
    endpointIsEditable: false,
    allowDynamicStyles: false,
    hideCookieToggle: true,
    runTelemetry: false,
    handleRequest: createSandboxRequest(config.graphqlPath, session.token),
    initialState: {
      document: example?.document,
      variables: example?.variables,
      headers: example?.headers,
      sharedHeaders,
      includeCookies: false,
      pollForSchemaUpdates: false,
    },
  });
}

/** The server does not know its public name. The page does. */
function connectIntroduction() {
  for (const element of document.querySelectorAll('[data-origin-before]')) {
    element.textContent = location.origin + element.dataset.originBefore;
  }
  onAction(introduction, 'copy-snippet', ({ currentTarget }) =>
    copyFrom(currentTarget, currentTarget.parentElement.querySelector('pre').textContent),
  );
}
