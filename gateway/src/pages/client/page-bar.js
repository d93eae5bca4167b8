/** Connects the buttons of the bar with the session, and shows the outcome. */
export function connectAccountBar(session, accounts) {
  const bar = document.querySelector('.bar');
  const status = bar.querySelector('.status');
  const accountButtons = [...bar.querySelectorAll('[data-account]')];

  function say(text, isError = false) {
    status.textContent = text;
    status.classList.toggle('error', isError);
  }

  async function attempt(action, failure) {
    for (const button of accountButtons) button.disabled = true;
    try {
      await action();
    } catch (error) {
      say(`${failure}: ${error.message}`, true);
    } finally {
      for (const button of accountButtons) button.disabled = false;
    }
  }

  for (const button of accountButtons) {
    const account = accounts[Number(button.dataset.account)];
    button.addEventListener('click', () => {
      say(`Signing in as ${account.email}…`);
      attempt(() => session.signIn(account), 'Not signed in');
    });
  }
  onAction(bar, 'sign-out', () =>
    attempt(() => session.signOut(), 'Signed out here, but the server did not end the session'),
  );
  onAction(bar, 'copy-token', (event) => copyFrom(event.currentTarget, session.current().accessToken));

  let expiry;
  session.onChange((current) => {
    clearTimeout(expiry);
    bar.querySelector('.session').hidden = current === undefined;
    for (const button of accountButtons) {
      button.setAttribute(
        'aria-pressed',
        String(accounts[Number(button.dataset.account)] === current?.account),
      );
    }
    if (current === undefined) return say('Signed out.');
    say(`Token valid until ${writeTime(current.expiresAt)}`);
    expiry = setTimeout(
      () => say(`The token of ${current.account.email} has expired. The next operation renews it.`),
      current.expiresAt - Date.now(),
    );
  });
}

export function onAction(container, action, listener) {
  container.querySelector(`[data-action="${action}"]`)?.addEventListener('click', listener);
}

function writeTime(date) {
  return date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}

/** Calls `open(example)` for each choice in the list of examples. The list then shows its title again, like a menu. */
export function connectExamples(examples, open) {
  const list = document.querySelector('.examples');
  if (list === null) return;
  list.hidden = false;
  list.addEventListener('change', () => {
    const example = examples[Number(list.value)];
    list.value = '';
    open(example);
  });
}

/** Copies the text and confirms it on the button for a moment. Browsers refuse it on plain http outside localhost. */
export async function copyFrom(button, text) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
  } catch {
    button.textContent = 'Not allowed here';
  }
  button.disabled = true;
  setTimeout(() => {
    button.textContent = label;
    button.disabled = false;
  }, 1500);
}

/** Reads what the server wrote into the page: graphqlPath, accounts, examples, and what the script of the page needs. */
export function readPageConfig() {
  return JSON.parse(document.getElementById('page-config').textContent);
}
