/**
 * Stands in Sandbox's header list for the real token. Sandbox writes its initial headers into the address of its frame,
 * so a real one would be sent to Apollo's server; requests themselves pass through this page, which puts it in.
 */
const placeholder = 'Bearer <token of the signed-in account>';

export const sharedHeaders = { Authorization: placeholder };

/**
 * The `handleRequest` of Sandbox. Sends to this page's own graph only. A header that the person typed wins over the
 * shared one; unticking the shared one sends none.
 */
export function createSandboxRequest(graphqlPath, getAccessToken) {
  return (url, init) => {
    const target = new URL(url, location.href);
    if (target.origin !== location.origin || target.pathname !== graphqlPath) {
      return Promise.reject(new Error(`This page sends to ${graphqlPath} only.`));
    }
    return fetch(target, { ...init, credentials: 'omit', headers: fillIn(init.headers, getAccessToken()) });
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
