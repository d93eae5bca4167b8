import { copyFrom } from './clipboard.js';

/** Connects the bar's buttons with the session, and shows what came of it. */
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
      () => say(`The token of ${current.account.email} has expired. Sign in again.`, true),
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
