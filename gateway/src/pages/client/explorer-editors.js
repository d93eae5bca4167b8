/** GraphiQL's editors are Monaco models. GraphiQL offers no other access from outside React, but leaves Monaco here. */
function findModel(name) {
  return globalThis.__MONACO?.editor.getModels().find((model) => model.uri.path.endsWith(name));
}

async function whenModel(name) {
  for (;;) {
    const model = findModel(name);
    if (model) return model;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Writes operations into the editors, and the current token into the headers. */
export function createEditors(getAccessToken) {
  const issued = new Set();

  async function putToken() {
    const accessToken = getAccessToken();
    if (accessToken) issued.add(accessToken);
    const model = await whenModel('request-headers.json');
    write(
      model,
      withAuthorization(model.getValue(), getAccessToken(), () => true),
    );
  }

  /**
   * After a change of tab: the headers of another tab may hold no token, or an old one of ours. Any other token stays.
   */
  function putTokenSoon() {
    setTimeout(() => {
      const model = findModel('request-headers.json');
      const isOurs = (authorization) => issued.has(authorization.replace(/^Bearer /, ''));
      if (model) write(model, withAuthorization(model.getValue(), getAccessToken(), isOurs));
    });
  }

  async function open(example) {
    const headers = JSON.stringify(example.headers ?? {});
    write(await whenModel('operation.graphql'), example.document);
    write(
      await whenModel('variables.json'),
      example.variables ? JSON.stringify(example.variables, null, 2) : '',
    );
    write(
      await whenModel('request-headers.json'),
      withAuthorization(headers, getAccessToken(), () => true),
    );
  }

  return { putToken, putTokenSoon, open };
}

function write(model, text) {
  if (model.getValue() !== text) model.setValue(text);
}

/**
 * The text of the headers editor with this access token, or without any when it is undefined. An Authorization header
 * that `mayReplace` refuses stays as it is. Text that is not a JSON object is replaced.
 */
export function withAuthorization(text, accessToken, mayReplace) {
  const headers = Object.entries(readHeaders(text));
  const isAuthorization = ([name]) => name.toLowerCase() === 'authorization';
  const present = headers.find(isAuthorization);
  if (present && !mayReplace(String(present[1]))) return text;
  const others = headers.filter((header) => !isAuthorization(header));
  if (accessToken) others.push(['Authorization', `Bearer ${accessToken}`]);
  return others.length > 0 ? JSON.stringify(Object.fromEntries(others), null, 2) : '';
}

function readHeaders(text) {
  try {
    const headers = JSON.parse(text);
    return typeof headers === 'object' && headers !== null ? headers : {};
  } catch {
    return {};
  }
}
