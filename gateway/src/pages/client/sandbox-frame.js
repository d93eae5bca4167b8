const scriptTimeoutMs = 5_000;

/** Resolves when Apollo's script has run. A blocked network often hangs instead of failing, hence the limit. */
export async function loadSandboxScript(url) {
  // A script that hangs earlier would keep the page itself loading.
  if (document.readyState !== 'complete') {
    await new Promise((resolve) => window.addEventListener('load', resolve, { once: true }));
  }
  await new Promise((resolve, reject) => {
    const script = document.createElement('script');
    const timer = setTimeout(() => {
      script.remove();
      reject(new Error(`${new URL(url).host} did not answer within ${scriptTimeoutMs / 1000} s`));
    }, scriptTimeoutMs);
    script.src = url;
    script.async = true;
    script.addEventListener('load', () => {
      clearTimeout(timer);
      if (window.EmbeddedSandbox) resolve();
      else reject(new Error('its script is not what was expected'));
    });
    script.addEventListener('error', () => {
      clearTimeout(timer);
      reject(new Error(`${new URL(url).host} cannot be reached from this browser`));
    });
    document.head.append(script);
  });
}

/**
 * Resolves when the frame sends a message. The script may come from the browser's cache although the frame cannot load.
 */
export function whenFrameAnswers(origin, timeoutMs) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`nothing came from ${new URL(origin).host} within ${timeoutMs / 1000} s`));
    }, timeoutMs);
    window.addEventListener('message', function onMessage(event) {
      if (event.origin !== origin) return;
      clearTimeout(timer);
      window.removeEventListener('message', onMessage);
      resolve();
    });
  });
}

/**
 * Replaces the real token in Sandbox's list of headers. Sandbox writes its initial headers into the address of its
 * frame, so that a real one would be sent to Apollo's server. Requests themselves pass through this page, which inserts
 * the token.
 */
const placeholder = 'Bearer <token of the signed-in account>';

export const sharedHeaders = { Authorization: placeholder };

/**
 * Creates the `handleRequest` of Sandbox, which sends only to the graph of this page. A header that the person typed
 * wins over the shared one. Unticking the shared one sends none.
 */
export function createSandboxRequest(graphqlPath, getAccessToken) {
  return async (url, init) => {
    const target = new URL(url, location.href);
    if (target.origin !== location.origin || target.pathname !== graphqlPath) {
      throw new Error(`This page sends to ${graphqlPath} only.`);
    }
    return fetch(target, {
      ...init,
      credentials: 'omit',
      headers: fillIn(init.headers, await getAccessToken()),
    });
  };
}

function fillIn(headers, accessToken) {
  const entries = Object.entries(headers ?? {});
  const kept = entries.filter(([name, value]) => !(isAuthorization(name) && value === placeholder));
  const wanted = kept.length < entries.length;
  if (!wanted || accessToken === undefined || kept.some(([name]) => isAuthorization(name))) {
    return Object.fromEntries(kept);
  }
  return { ...Object.fromEntries(kept), authorization: `Bearer ${accessToken}` };
}

function isAuthorization(name) {
  return name.toLowerCase() === 'authorization';
}
